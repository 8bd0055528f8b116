//! A folder of documents, handed in to a namespace and read at once: the same as an archive of it.

use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use guildhall_domain::{
    Error, Id, id,
    knowledge::{ContentType, Ingestion, IngestionStatus},
    text::{Email, Text},
};
use guildhall_services::{
    App, Attachment, Caller, Incoming,
    knowledge::{CreateNamespace, GetJob, IngestArchive, ListNamespaces},
};
use indicatif::{ProgressBar, ProgressStyle};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{call::describe, demo};

/// How often it is looked how far the job is.
const PACE: Duration = Duration::from_millis(200);

/// Hands `folder` in to the namespace of that name, which is made where it is missing, and waits until all is read;
/// afterwards the namespace is exactly that folder.
pub(crate) async fn ingest(
    app: &App,
    folder: &Path,
    namespace: Text<1, 100>,
    email: &Email,
    organization: Option<String>,
) -> Result<String> {
    let begun = Instant::now();
    let mut caller = Caller::vouched(app.account_of(email).await.map_err(|error| describe(&error))?.id);
    let own = (email.as_str() == demo::EMAIL).then(|| demo::SLUG.to_owned());
    if let Some(named) = organization.or(own) {
        caller = caller.in_organization(named);
    }
    let folder = folder.to_owned();
    let archive = tokio::task::spawn_blocking(move || packed(&folder)).await??;
    let namespace_id = find_or_make(app, &caller, namespace).await.map_err(|error| describe(&error))?;
    let prune_below = Text::default();
    let hand_in = IngestArchive { namespace_id, archive, prune: true, prune_below };
    let handed = app.call(&caller, hand_in).await.map_err(|error| describe(&error))?;
    let done = tokio::select! {
        done = watched(app, &caller, handed.job_id) => done?,
        () = guildhall_workers::run(app.clone()) => return Err(anyhow!("the work ended before its end")),
    };
    for failure in &done.failed {
        eprintln!("{}: {}", failure.path, failure.message);
    }
    let Ingestion { processed, skipped, removed, chunk_count, .. } = done;
    let said = format!(
        "{processed} documents in {chunk_count} chunks, {skipped} skipped, {removed} removed, {} failed, {:.1} s",
        done.failed.len(),
        begun.elapsed().as_secs_f64()
    );
    ensure!(done.status == IngestionStatus::Completed, "given up: {said}");
    Ok(said)
}

async fn find_or_make(app: &App, caller: &Caller, name: Text<1, 100>) -> Result<Id<id::Namespace>, Error> {
    let there = app.call(caller, ListNamespaces {}).await?;
    if let Some(namespace) = there.into_iter().find(|namespace| namespace.name == name) {
        return Ok(namespace.id);
    }
    Ok(app.call(caller, CreateNamespace { name, description: None }).await?.id)
}

/// Shows how far a job is until it is over.
async fn watched(app: &App, caller: &Caller, job_id: Id<id::Job>) -> Result<Ingestion> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed}, {eta} left")?;
    let bar = ProgressBar::new(0).with_style(style);
    loop {
        let job = app.call(caller, GetJob { job_id }).await.map_err(|error| describe(&error))?;
        let failed = i64::try_from(job.failed.len()).unwrap_or(i64::MAX);
        bar.set_length(u64::try_from(job.total).unwrap_or_default());
        bar.set_position(u64::try_from(job.processed.saturating_add(job.skipped).saturating_add(failed)).unwrap_or(0));
        if job.finished_at.is_some() {
            bar.finish_and_clear();
            return Ok(job);
        }
        tokio::time::sleep(PACE).await;
    }
}

/// The documents of a folder as an archive.
fn packed(folder: &Path) -> Result<Attachment> {
    let mut paths = Vec::new();
    collect(folder, &mut paths).with_context(|| format!("cannot read {}", folder.display()))?;
    ensure!(!paths.is_empty(), "there are no documents in {}", folder.display());
    paths.sort();
    let mut archive = ZipWriter::new(tempfile::tempfile()?);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for path in &paths {
        let inside = path.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
        archive.start_file(inside, options)?;
        archive.write_all(&fs::read(path).with_context(|| path.display().to_string())?)?;
    }
    let mut file = archive.finish()?;
    file.seek(SeekFrom::Start(0))?;
    let mut incoming = Incoming::new()?;
    std::io::copy(&mut file, &mut incoming)?;
    Ok(incoming.finish())
}

/// The documents of a folder and those below it, but for what is hidden; links are not followed.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?;
        if kind.is_dir() && !name.starts_with('.') {
            collect(&entry.path(), paths)?;
        } else if kind.is_file() && !name.starts_with('.') && ContentType::of_path(&name).is_some() {
            paths.push(entry.path());
        }
    }
    Ok(())
}
