/// The name of a machine type in images and versions (Go's), for the kernel's: `amd64` for `x86_64`.
pub fn image_architecture(kernel: &str) -> &str {
    match kernel {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
