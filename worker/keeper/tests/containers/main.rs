//! Real containers by a real keeper process. Needs root and `/bin/busybox` (package busybox-static).

#[cfg(test)]
mod bench;
#[cfg(test)]
mod first_process;
#[cfg(test)]
mod keeper;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod process;
#[cfg(test)]
mod rootfs;
#[cfg(test)]
mod stdio;
#[cfg(test)]
mod volumes;
#[cfg(test)]
mod world;
