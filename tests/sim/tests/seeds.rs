//! Fixed seeds: the same ones give the same log, and those that once found a bug find none.

#[cfg(test)]
mod tests {
    use sim::{Options, Outcome, Plant, Tier, run};

    /// Steps of one run: 20 simulated seconds with faults.
    const STEPS: u64 = 1_000;
    /// Seeds that failed before a bug was mended, with the steps that it took.
    const FOUND: &[(u64, u64)] = &[
        (12, 2_000),
        (18, 2_000),
        (20, 2_000),
        (25, 2_000),
        (83, 2_000),
        (95, 2_000),
        (96, 2_000),
        (1_795_654_575_349_129, 2_000),
        (1_795_658_311_935_604, 2_000),
        (1_795_658_311_936_354, 2_000),
    ];

    fn once(tier: Tier, seed: u64, steps: u64) -> Outcome {
        run(&Options { tier, steps, ..Options::new(seed) }).unwrap()
    }

    fn holds(tier: Tier, seed: u64, steps: u64) {
        let outcome = once(tier, seed, steps);
        assert_eq!(outcome.violation, None, "{tier:?} seed {seed}:\n{}", outcome.lines.join("\n"));
        assert!(outcome.acknowledged > 0, "{tier:?} seed {seed}: nothing was done");
    }

    #[test]
    fn the_same_seed_gives_the_same_log_in_one_process() {
        let messages = (1..=6).map(|seed| (Tier::Messages, seed));
        let wire = (1..=3).map(|seed| (Tier::Wire, seed));
        for (tier, seed) in messages.chain(wire) {
            assert_eq!(once(tier, seed, STEPS), once(tier, seed, STEPS));
        }
    }

    /// The log that a process of its own prints.
    fn log(tier: Tier, seed: u64) -> Vec<String> {
        let binary = std::process::Command::new(env!("CARGO_BIN_EXE_sim"))
            .args(["--log", "--steps", &STEPS.to_string(), "--seed", &seed.to_string()])
            .args((tier == Tier::Wire).then_some("--wire"))
            .output()
            .unwrap();
        let text = String::from_utf8(binary.stdout).unwrap();
        // The last line tells how long it took in real time.
        text.lines().filter(|line| !line.contains("times real time")).map(str::to_owned).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_log_in_two_processes() {
        let messages = (7..=9).map(|seed| (Tier::Messages, seed));
        let wire = (7..=9).map(|seed| (Tier::Wire, seed));
        for (tier, seed) in messages.chain(wire) {
            let (one, other) = (log(tier, seed), log(tier, seed));
            assert!(one.len() > 20);
            assert_eq!(one, other);
            let hash = format!("hash {:016x}", once(tier, seed, STEPS).hash);
            assert!(one.iter().any(|line| line.contains(&hash)), "seed {seed} is another in a third process");
        }
    }

    fn is_found(tier: Tier, plant: Plant, seeds: std::ops::RangeInclusive<u64>) {
        let found = seeds.clone().any(|seed| {
            run(&Options { tier, plant: Some(plant), ..Options::new(seed) }).unwrap().violation.is_some()
        });
        assert!(found, "{plant:?} is not found by the seeds {seeds:?} ({tier:?})");
    }

    #[test]
    fn planted_bugs_are_found() {
        is_found(Tier::Messages, Plant::AckBeforeSync, 1..=20);
        is_found(Tier::Messages, Plant::StaleRead, 1..=5);
        is_found(Tier::Messages, Plant::LeaderRead, 1..=80);
        is_found(Tier::Messages, Plant::VoteNotSynced, 1..=200);
        is_found(Tier::Messages, Plant::OldSession, 1..=400);
        is_found(Tier::Wire, Plant::AckBeforeSync, 1..=10);
        is_found(Tier::Wire, Plant::StaleRead, 1..=5);
    }

    #[test]
    fn fixed_seeds_hold() {
        (100..=140).for_each(|seed| holds(Tier::Messages, seed, STEPS));
    }

    #[test]
    fn fixed_seeds_hold_on_the_wire() {
        (100..=104).for_each(|seed| holds(Tier::Wire, seed, STEPS));
    }

    #[test]
    fn seeds_that_found_a_bug_hold() {
        FOUND.iter().for_each(|(seed, steps)| holds(Tier::Messages, *seed, *steps));
    }
}
