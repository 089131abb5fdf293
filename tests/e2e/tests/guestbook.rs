//! Services that find each other by name, and those that must not be reached.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use skep_harness::{Host, example};

    #[test]
    fn a_front_calls_a_back_by_name_over_a_private_network() {
        let host = Host::started();
        host.skep(&["up", example("guestbook").to_str().unwrap()]).ok();
        for name in ["back", "pages", "guestbook_back", "tasks.back"] {
            let called: BTreeSet<String> = (0..8)
                .map(|_| {
                    let answer = host.get(8081, &format!("/call?url=http://{name}/")).unwrap();
                    assert_eq!(answer.line("Status"), Some("200"), "{name}: {}", answer.body);
                    answer.lines().get("Task").map(|task| (*task).to_owned()).unwrap()
                })
                .collect();
            let all = BTreeSet::from(["guestbook_back.1".to_owned(), "guestbook_back.2".to_owned()]);
            assert!(called.is_subset(&all) && !called.is_empty(), "{name}: {called:?}");
            if name != "tasks.back" {
                assert_eq!(called, all, "{name} is balanced");
            }
        }
        let nobody = host.get(8081, "/call?url=http://nobody/").unwrap();
        assert_ne!(nobody.line("Status"), Some("200"), "{}", nobody.body);
        host.skep(&["down", "guestbook"]).ok();
        host.skep(&["swarm", "leave", "--force"]).ok();
        host.assert_clean();
    }
}
