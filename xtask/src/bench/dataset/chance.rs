//! Chance that is the same in every run: splitmix64.

use uuid::{Builder, Uuid};

/// A row of numbers that only its seed decides.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The row of that seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub(crate) const fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(crate) const fn below(&mut self, end: usize) -> usize {
        ((self.any() as u128 * end as u128) >> 64) as usize
    }

    /// A number from 0 to below 1.
    pub(crate) fn part(&mut self) -> f64 {
        (self.any() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something happens that happens so often, of 1.
    pub(crate) fn happens(&mut self, often: f64) -> bool {
        self.part() < often
    }

    /// One of them; those are not none.
    pub(crate) fn one_of<T: Copy>(&mut self, these: &[T]) -> Option<T> {
        these.get(self.below(these.len().max(1))).copied()
    }

    /// A number around `middle` whose logarithm is normal with that spread.
    pub(crate) fn log_normal(&mut self, middle: f64, spread: f64) -> f64 {
        let (radius, angle) = (1.0 - self.part(), self.part() * std::f64::consts::TAU);
        middle * (spread * (-2.0 * radius.ln()).sqrt() * angle.cos()).exp()
    }

    /// An id of version 7, made at that time in milliseconds.
    pub(crate) fn id(&mut self, at: i64) -> Uuid {
        let (high, low) = (self.any().to_be_bytes(), self.any().to_be_bytes());
        let mut bytes = [0; 10];
        for (byte, random) in bytes.iter_mut().zip(high.into_iter().chain(low)) {
            *byte = random;
        }
        Builder::from_unix_timestamp_millis(at.unsigned_abs(), &bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn the_same_seed_is_the_same_row() {
        let mut chances = [Chance::new(7), Chance::new(7)];
        let rows = chances.each_mut().map(|chance| (chance.any(), chance.below(10), chance.id(1_700_000_000_000)));

        assert_eq!(rows[0], rows[1]);
        assert_eq!(rows[0].2.get_version_num(), 7);
        assert!(rows[0].1 < 10);
    }
}
