//! Kills at random moments: afterwards desired and real state agree, and nothing is left over.

#[cfg(test)]
mod tests {
    use std::process::Stdio;
    use std::time::Duration;

    use rand::rngs::StdRng;
    use rand::{Rng, RngCore, SeedableRng};
    use skep_harness::{Host, eventually, example};

    const KILLS: u32 = 50;

    /// Commands that change much, each of which may be cut off anywhere.
    const COMMANDS: &[&[&str]] = &[
        &["stack", "deploy", "--detach", "-c", "HELLO", "hello"],
        &["stack", "deploy", "--detach", "-c", "GUESTBOOK", "guestbook"],
        &["service", "scale", "--detach", "hello_web=6"],
        &["service", "scale", "--detach", "hello_web=1"],
        &["stack", "rm", "hello"],
        &["stack", "rm", "guestbook"],
    ];

    #[test]
    fn nothing_is_left_over() {
        let seed = std::env::var("SKEP_TEST_SEED").ok().and_then(|text| text.parse().ok());
        let seed: u64 = seed.unwrap_or_else(|| StdRng::from_os_rng().next_u64());
        println!("SKEP_TEST_SEED={seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let mut host = Host::started();
        host.skep(&["swarm", "init"]).ok();
        let (hello, guestbook) = (example("hello"), example("guestbook"));
        for _ in 0..KILLS {
            let command = COMMANDS[random.random_range(0..COMMANDS.len())].iter().map(|word| match *word {
                "HELLO" => hello.to_str().unwrap(),
                "GUESTBOOK" => guestbook.to_str().unwrap(),
                word => word,
            });
            let mut running =
                host.command().args(command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(random.random_range(0..400)));
            host.kill_daemon();
            running.wait().unwrap();
            host.start();
        }
        host.skep(&["stack", "deploy", "-c", hello.to_str().unwrap(), "hello"]).ok();
        host.skep(&["service", "scale", "hello_web=3"]).ok();
        host.skep(&["stack", "rm", "guestbook"]);
        eventually(|| {
            let names = host.skep(&["ps", "-a", "--format", "{{.Names}} {{.State}}"]).ok();
            let running = names.lines().filter(|line| line.ends_with("running")).collect::<Vec<_>>();
            let hello = running.iter().filter(|line| line.starts_with("hello_web.")).count();
            if hello == 3 && running.len() == 3 { Ok(()) } else { Err(names) }
        });
        host.skep(&["down", "hello"]).ok();
        eventually(|| {
            // Only what stands for the node itself may be there: its keeper, and the table of its network.
            let left: Vec<String> =
                host.leftovers().into_iter().filter(|line| !is_of_the_node(line)).collect();
            if left.is_empty() { Ok(()) } else { Err(format!("{left:#?}")) }
        });
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.assert_clean();
    }

    fn is_of_the_node(line: &str) -> bool {
        line.contains(" keeper ") || line.starts_with("nftables") || line.starts_with("cgroup")
    }
}
