//! How much of everything each organization has.

/// Organizations, whatever the scale.
pub(crate) const ORGANIZATIONS: usize = 100;
/// The place of the organization with the most calls.
pub(crate) const LARGE: usize = 0;
/// The place of the one with exactly [`FEW_CALLS`].
pub(crate) const SMALL: usize = 1;
const FEW_CALLS: usize = 1000;
/// Of all calls, those of the largest.
const LARGEST_PART: f64 = 0.3;
const SERVERS: usize = 300;
const TICKETS: usize = 2000;
const LEAST_TICKETS: usize = 5;
/// What scale 1 has.
const CALLS: f64 = 1_000_000.0;
const CALLS_A_VISIT: usize = 5;
const CALLS_A_USER: usize = 20;

/// What one organization has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) servers: usize,
    pub(super) users: usize,
    pub(super) visits: usize,
    pub(super) calls: usize,
    pub(super) tickets: usize,
}

/// The shares of all organizations.
pub(super) fn shares(scale: f64) -> Vec<Share> {
    let total = ((CALLS * scale) as usize).max(10 * FEW_CALLS);
    let most = (total as f64 * LARGEST_PART) as usize;
    let others: Vec<f64> = (3..=ORGANIZATIONS).map(|rank| 1.0 / rank as f64).collect();
    let mut calls = vec![most, FEW_CALLS];
    calls.extend(divide(total.saturating_sub(most + FEW_CALLS), &others));
    let (weights, roots): (Vec<f64>, Vec<f64>) =
        calls.iter().map(|calls| (*calls as f64, (*calls as f64).sqrt())).unzip();
    let servers = divide(SERVERS - ORGANIZATIONS, &roots);
    let tickets = divide(TICKETS - LEAST_TICKETS * ORGANIZATIONS, &weights);
    let share = |((calls, servers), tickets): ((usize, usize), usize)| Share {
        servers: servers + 1,
        users: (calls / CALLS_A_USER).max(1),
        visits: (calls / CALLS_A_VISIT).max(1),
        calls: calls.max(1),
        tickets: tickets + LEAST_TICKETS,
    };
    calls.into_iter().zip(servers).zip(tickets).map(share).collect()
}

/// `total` in whole parts of those weights.
fn divide(total: usize, weights: &[f64]) -> Vec<usize> {
    let sum: f64 = weights.iter().sum();
    let (mut weight, mut given) = (0.0, 0);
    let part = |one: &f64| {
        weight += one;
        let until = (total as f64 * weight / sum).round() as usize;
        let part = until.saturating_sub(given);
        given = until;
        part
    };
    weights.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::{LARGE, SMALL, shares};

    #[test]
    fn the_shares_come_to_what_was_asked_for() {
        let shares = shares(1.0);
        let sum = |of: fn(&super::Share) -> usize| shares.iter().map(of).sum::<usize>();

        assert_eq!(
            (shares.len(), sum(|s| s.calls), sum(|s| s.servers), sum(|s| s.tickets)),
            (100, 1_000_000, 300, 2000)
        );
        assert_eq!((shares[LARGE].calls, shares[SMALL].calls), (300_000, 1000));
        assert!(sum(|s| s.visits).abs_diff(200_000) < 100 && sum(|s| s.users).abs_diff(50_000) < 100);
        assert!(shares.iter().skip(1).all(|share| share.calls < shares[LARGE].calls));
    }
}
