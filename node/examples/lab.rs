fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments[0].as_str() {
        "keeper" => skep_keeper::keeper::Options::from_args(&arguments[1..])
            .and_then(skep_keeper::keeper::run)
            .unwrap(),
        "whoami" => {
            skep_whoami::run(|name| std::env::var(name).ok());
        }
        "daemon" => {
            let d = std::path::PathBuf::from(&arguments[1]);
            skep_node::run(skep_node::DaemonOptions {
                data_root: d.join("data"),
                exec_root: d.join("run"),
                hosts: vec![format!("unix://{}/run/skep.sock", d.display())],
                pidfile: d.join("run/skep.pid"),
                labels: vec![],
                log_level: "debug".into(),
                log_json: false,
                debug: true,
            })
            .unwrap();
        }
        _ => panic!(),
    }
}
