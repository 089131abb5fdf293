use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::api::Api;

/// What a [`crate::Writer`] did.
#[derive(Debug)]
pub struct Record {
    acknowledged: Vec<Acknowledged>,
}

/// A write that was acknowledged.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// The service's name.
    pub name: String,
    /// When the answer came.
    pub at: Instant,
}

impl Record {
    pub(crate) fn new(acknowledged: Vec<Acknowledged>) -> Self {
        Self { acknowledged }
    }

    /// All acknowledged writes in their order.
    pub fn acknowledged(&self) -> &[Acknowledged] {
        &self.acknowledged
    }

    /// The longest time between two acknowledgements of which the later one is in this span.
    fn longest_gap(&self, from: Instant, until: Instant) -> Duration {
        let pairs = self.acknowledged.iter().zip(self.acknowledged.iter().skip(1));
        let within = pairs.filter(|(_, later)| later.at >= from && later.at < until);
        within.map(|(earlier, later)| later.at.duration_since(earlier.at)).max().unwrap_or_default()
    }

    /// The longest gap of each span between one moment and the next.
    pub fn longest_gaps(&self, moments: &[Instant]) -> Vec<Duration> {
        let spans = moments.iter().zip(moments.iter().skip(1));
        spans.map(|(from, until)| self.longest_gap(*from, *until)).collect()
    }

    /// Checks that a manager knows every acknowledged service, and none of all services twice.
    ///
    /// # Errors
    /// With those that it does not, or when it does not answer.
    pub fn check(&self, api: &Api) -> Result<()> {
        let listed = api.get("/services")?;
        let names = listed.as_array().into_iter().flatten().filter_map(|one| one["Spec"]["Name"].as_str());
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for name in names {
            *counts.entry(name).or_default() += 1;
        }
        let twice: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
        ensure!(twice.is_empty(), "there more than once: {twice:?}");
        let names = self.acknowledged.iter().map(|write| write.name.as_str());
        let lost: Vec<&str> = names.filter(|name| !counts.contains_key(name)).collect();
        ensure!(lost.is_empty(), "{} acknowledged writes are lost: {lost:?}", lost.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_gap_is_that_of_the_span() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let write = |ms: u64| Acknowledged { name: ms.to_string(), at: at(ms) };
        let record = Record::new([0, 10, 500, 510, 1400, 1410].map(write).to_vec());
        assert_eq!(record.longest_gap(at(0), at(1000)), Duration::from_millis(490));
        assert_eq!(record.longest_gap(at(505), at(2000)), Duration::from_millis(890));
        assert_eq!(record.longest_gap(at(2000), at(3000)), Duration::ZERO);
        let gaps = record.longest_gaps(&[at(0), at(505), at(2000)]);
        assert_eq!(gaps, [490, 890].map(Duration::from_millis));
    }
}
