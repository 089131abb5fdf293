//! Figures, printed: memory per container and cost of a start. Run with `--nocapture` to see them.

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use crate::world::World;

    fn field(pid: i32, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
    }

    #[test]
    fn memory_of_a_hundred_containers() {
        let mut world = World::new();
        let keeper = world.client.keeper_pid();
        let first = world.config(&["sleep", "1000"]);
        world.start(&first);
        let before = field(keeper, "VmRSS");
        for _ in 0..100 {
            let config = world.config(&["sleep", "1000"]);
            world.start(&config);
        }
        let each = (field(keeper, "VmRSS").saturating_sub(before)) as f64 / 100.0;
        println!("keeper: {before} KiB resident with one container, {each:.1} KiB for each further one");
        assert!(each < 100.0, "{each} KiB per container");
    }

    #[test]
    fn cost_of_a_start() {
        let mut world = World::new();
        let keeper = world.client.keeper_pid();
        let ticks = || {
            let stat = std::fs::read_to_string(format!("/proc/{keeper}/stat")).unwrap();
            let fields: Vec<u64> =
                stat.rsplit(')').next().unwrap().split_whitespace().filter_map(|f| f.parse().ok()).collect();
            // utime, stime, cutime, cstime: fields 14 to 17 of proc(5); the state is no number.
            fields[10..14].iter().sum::<u64>()
        };
        let rounds = 30;
        let (began, before) = (Instant::now(), ticks());
        for _ in 0..rounds {
            let config = world.config(&["true"]);
            world.run(&config);
            world.client.delete(&config.id, false).unwrap();
        }
        let cpu = (ticks() - before) as f64 * 10.0 / f64::from(rounds);
        let wall = began.elapsed().as_secs_f64() * 1000.0 / f64::from(rounds);
        println!("create, start, exit, delete: {cpu:.1} ms CPU of keeper and container, {wall:.1} ms wall");
    }
}
