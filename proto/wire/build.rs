//! Generates the messages and services from the `.proto` files, with a compiler in Rust (no protoc).

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = ["common", "spec", "object", "store", "dispatcher", "raft", "ca", "relay"]
        .map(|name| format!("proto/skep/v1/{name}.proto"));
    let descriptors = protox::compile(&files, ["proto"])?;
    // Maps in key order: the same object always has the same bytes.
    tonic_prost_build::configure().btree_map(".").compile_fds(descriptors)?;
    for file in files {
        println!("cargo:rerun-if-changed={file}");
    }
    Ok(())
}
