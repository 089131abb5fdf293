//! What nodes and managers say to each other for `skep doctor`.

use super::{message, words};

words!(Severity { Fault, Warning });
words!(Check {
    Managers,
    Paths,
    Clock,
    Certificates,
    DiskSpace,
    DiskSpeed,
    Dns,
    Services,
    Ports,
    Kernel,
    Firewall,
    Connections,
    Network,
});
message!(Checkup { id, repair, managers });
message!(Finding { severity, check, place, failed, cause, fix });
message!(PathReport {
    peer,
    link_mtu,
    mtu,
    unchecked_mtu,
    sent,
    answered,
    altered,
    round_trip_us,
    heard,
    outside,
});
message!(ManagerReport { address, error });
message!(NodeReport { clock, paths, managers, findings });
message!(Diagnosis { checks, nodes, pairs, findings } nested { took });
