use guildhall_domain::{Error, Result};

use crate::App;

impl App {
    /// Makes room for the calls to come, and lets those go that were kept long enough, some at a time. Where too many
    /// are writing calls for either, the next sweep tries again.
    pub(super) async fn retain_calls(&self) -> Result<()> {
        patient(self.swept(async |system| system.make_room_for_calls(self.now()).await).await)?;
        let Some(span) = self.settings().keep_calls.span() else { return Ok(()) };
        let then = self.now().minus(span);
        self.swept(async |system| system.keep_calls_since(then).await).await?;
        while patient(self.swept(async |system| system.let_old_calls_go().await).await)? > 0 {}
        Ok(())
    }
}

fn patient(swept: Result<u64>) -> Result<u64> {
    match swept {
        Err(Error::Contended) => {
            tracing::info!(
                "months of calls were neither made nor dropped beside all who write; the next sweep tries again"
            );
            Ok(0)
        }
        done => done,
    }
}
