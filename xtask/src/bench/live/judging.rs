//! What readers were told, held against what was written.

use std::collections::HashMap;

use anyhow::{Result, bail, ensure};

use super::writers::Change;

/// How long what is told was under way, in microseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Delays {
    /// From when the change was due to be sent.
    pub(super) from_sending: Vec<u32>,
    /// From when the change was answered; 0 where it was told before.
    pub(super) from_answer: Vec<u32>,
}

impl Delays {
    /// Of a message that came then and tells that change.
    pub(super) fn add(&mut self, change: Change, time: u32) {
        self.from_sending.push(time.saturating_sub(change.due));
        self.from_answer.push(time.saturating_sub(change.answered));
    }

    /// All of several.
    pub(super) fn together(parts: &[Self]) -> Self {
        Self {
            from_sending: parts.iter().flat_map(|part| &part.from_sending).copied().collect(),
            from_answer: parts.iter().flat_map(|part| &part.from_answer).copied().collect(),
        }
    }
}

/// Half of them took no longer than the first, 99 of 100 no longer than the second, all no longer than the third;
/// milliseconds.
pub(super) fn quantiles(mut delays: Vec<u32>) -> Option<[f64; 3]> {
    delays.sort_unstable();
    let at = |percent: usize| {
        let place = delays.len().saturating_mul(percent).div_ceil(100).saturating_sub(1);
        delays.get(place).map(|&delay| f64::from(delay) / 1000.0)
    };
    Some([at(50)?, at(99)?, at(100)?])
}

/// The change that each message tells: the first of a ticket its first change, and so on, since a ticket changes once at a
/// time.
///
/// # Errors
/// Where a message is of another organization's ticket, or tells a change that nobody made.
pub(super) fn changes(told: &[(i64, String)], tickets: &[String], made: &[Vec<Change>]) -> Result<Vec<Change>> {
    let mut of: HashMap<&str, _> =
        tickets.iter().map(String::as_str).zip(made.iter().map(|changes| changes.iter())).collect();
    let one = |(event, ticket): &(i64, String)| {
        let Some(changes) = of.get_mut(ticket.as_str()) else {
            bail!("event {event} is of {ticket}, which is another organization's")
        };
        let Some(change) = changes.next() else { bail!("event {event} tells a change of {ticket} that nobody made") };
        Ok(*change)
    };
    told.iter().map(one).collect()
}

/// Whether everything that was made was told.
///
/// # Errors
/// Where it was not.
pub(super) fn is_all(told: usize, made: &[Vec<Change>]) -> Result<()> {
    let made: usize = made.iter().map(Vec::len).sum();
    ensure!(told == made, "{told} changes were told, {made} were made");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Change, Delays, changes, is_all, quantiles};

    const fn change(due: u32) -> Change {
        Change { due, answered: due + 10 }
    }

    fn told(tickets: &[&str]) -> Vec<(i64, String)> {
        (1..).zip(tickets.iter().map(|&ticket| ticket.to_owned())).collect()
    }

    #[test]
    fn each_message_tells_the_next_change_of_its_ticket() {
        let tickets = ["a".to_owned(), "b".to_owned()];
        let made = [vec![change(1), change(3)], vec![change(2)]];
        let of = |names: &[&str]| changes(&told(names), &tickets, &made);

        assert_eq!(of(&["b", "a", "a"]).unwrap(), [change(2), change(1), change(3)]);
        assert!(of(&["b", "b"]).unwrap_err().to_string().contains("nobody made"), "twice");
        assert!(of(&["c"]).unwrap_err().to_string().contains("another organization's"));
        assert!(is_all(3, &made).is_ok() && is_all(2, &made).is_err());
    }

    #[test]
    fn what_is_told_before_it_is_answered_took_nothing_from_the_answer() {
        let mut delays = Delays::default();
        delays.add(change(100), 105);
        delays.add(change(200), 230);
        assert_eq!((delays.from_sending, delays.from_answer), (vec![5, 30], vec![0, 20]));
    }

    #[test]
    fn the_slowest_of_a_hundred_is_no_part_of_the_99th() {
        let quantiles_of = |most: u32| quantiles((1..=most).rev().map(|delay| delay * 1000).collect());
        assert_eq!(quantiles_of(100), Some([50.0, 99.0, 100.0]));
        assert_eq!(quantiles_of(1), Some([1.0, 1.0, 1.0]));
        assert_eq!(quantiles(Vec::new()), None);
    }
}
