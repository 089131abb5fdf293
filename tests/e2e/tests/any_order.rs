//! All managers stopped and started, in any order. `skep-failover` in tests/bench does it a hundred times.

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rand::rngs::StdRng;
    use rand::seq::SliceRandom;
    use rand::{Rng, RngCore, SeedableRng};
    use skep_harness::{Census, Cluster};

    const MANAGERS: u8 = 3;

    #[test]
    fn managers_may_stop_and_start_in_any_order() {
        let seed = std::env::var("SKEP_TEST_SEED").ok().and_then(|text| text.parse().ok());
        let seed: u64 = seed.unwrap_or_else(|| StdRng::from_os_rng().next_u64());
        println!("SKEP_TEST_SEED={seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let mut cluster = Cluster::new(MANAGERS, 0);
        cluster.deploy(0, 6);
        let before = Census::until_as_wanted(&cluster, 0, 6);
        let mut order: Vec<u8> = (0..MANAGERS).collect();
        for _ in 0..5 {
            order.shuffle(&mut random);
            for number in &order {
                pause(&mut random);
                if random.random() {
                    cluster.host_mut(*number).stop_daemon();
                } else {
                    cluster.host_mut(*number).kill_daemon();
                }
            }
            order.shuffle(&mut random);
            for (count, number) in (1..).zip(&order) {
                pause(&mut random);
                cluster.host_mut(*number).start();
                if count * 2 > MANAGERS {
                    cluster.leader();
                }
            }
        }
        cluster.until_whole(MANAGERS);
        assert_eq!(Census::until_as_wanted(&cluster, 0, 6), before, "tasks run on, and none was replaced");
    }

    fn pause(random: &mut StdRng) {
        std::thread::sleep(Duration::from_millis(random.random_range(0..300)));
    }
}
