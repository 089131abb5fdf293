//! Real containers by a real keeper process. Needs root and `/bin/busybox` (package busybox-static).

mod bench;
mod limits;
mod keeper;
mod process;
mod rootfs;
mod stdio;
mod world;
