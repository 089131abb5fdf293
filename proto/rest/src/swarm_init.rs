use std::time::Duration;

use serde_json::Value;
use skep_model::{Availability, ClusterSpec, Subnet, limits};

use crate::swarm::availability;
use crate::{SwarmInit, SwarmSpec, Unsupported};

/// Prefix lengths that a subnet of a pool may have, as Docker's.
const SUBNET_BITS: std::ops::RangeInclusive<u32> = 8..=29;

impl SwarmInit {
    /// Refuses what this version cannot do.
    ///
    /// # Errors
    /// The first such field.
    pub fn supported(&self) -> Result<(), Unsupported> {
        self.own_root()?;
        self.spec.supported()
    }

    /// Whether the first node takes tasks.
    ///
    /// # Errors
    /// When the word is not one.
    pub fn availability(&self) -> Result<Availability, Unsupported> {
        availability(&self.availability)
    }

    /// The settings of the swarm, defaults filled in.
    ///
    /// # Errors
    /// When a value is out of its range.
    pub fn cluster_spec(&self) -> Result<ClusterSpec, Unsupported> {
        let mut spec = self.spec.applied(ClusterSpec::default());
        spec.autolock |= self.auto_lock_managers;
        if let Some(pools) = self.default_addr_pool.as_ref().filter(|pools| !pools.is_empty()) {
            spec.address_pools = pools.iter().map(|text| pool(text)).collect::<Result<_, _>>()?;
        }
        if self.subnet_size != 0 {
            let wrong = || {
                Unsupported::value("SubnetSize", format!("/{} is not between /8 and /29", self.subnet_size))
            };
            let bits = Some(self.subnet_size).filter(|bits| SUBNET_BITS.contains(bits)).ok_or_else(wrong)?;
            spec.subnet_prefix_bits = u8::try_from(bits).map_err(|_| wrong())?;
        }
        spec.data_path_port = self.checked_data_path_port()?;
        if let Some(pool) = spec.address_pools.iter().find(|pool| pool.prefix_bits > spec.subnet_prefix_bits)
        {
            let reason = format!("{pool} is smaller than a subnet (/{})", spec.subnet_prefix_bits);
            return Err(Unsupported::value("DefaultAddrPool", reason));
        }
        Ok(spec)
    }

    fn checked_data_path_port(&self) -> Result<u16, Unsupported> {
        let (min, max) = (limits::DATA_PATH_PORT_MIN, limits::DATA_PATH_PORT_MAX);
        let port = u16::try_from(self.data_path_port).ok();
        port.filter(|port| *port == 0 || (min..=max).contains(port)).ok_or_else(|| {
            let asked = self.data_path_port;
            let reason = format!("Datapath port number is not in valid range ({min}-{max}) : {asked}");
            Unsupported::value("DataPathPort", reason)
        })
    }
}

impl SwarmSpec {
    /// Whether a restarted manager waits for the unlock key.
    pub fn autolock(&self) -> bool {
        self.said_of_autolock().unwrap_or_default()
    }

    fn said_of_autolock(&self) -> Option<bool> {
        self.encryption_config.get("AutoLockManagers").and_then(Value::as_bool)
    }

    /// Whether every network is encrypted between nodes.
    pub fn encrypt_networks(&self) -> bool {
        self.said_of_networks().unwrap_or_default()
    }

    fn said_of_networks(&self) -> Option<bool> {
        self.encryption_config.get("EncryptNetworks").and_then(Value::as_bool)
    }

    /// Refuses what this version cannot do.
    ///
    /// # Errors
    /// When old snapshots are to be kept.
    pub fn supported(&self) -> Result<(), Unsupported> {
        match number(&self.raft, "KeepOldSnapshots") {
            None | Some(0) => Ok(()),
            Some(_) => Err(Unsupported::value(
                "Raft.KeepOldSnapshots",
                "Skep keeps one snapshot; \"skep swarm backup\" makes copies to keep",
            )),
        }
    }

    /// Settings with what is said here; what is not said stays.
    #[must_use]
    pub fn applied(&self, mut spec: ClusterSpec) -> ClusterSpec {
        if let Some(limit) = number(&self.orchestration, "TaskHistoryRetentionLimit") {
            spec.task_history_per_slot = limit;
        }
        if let Some(percent) = number(&self.orchestration, "RebalancePercent") {
            spec.rebalance_percent = u8::try_from(percent).unwrap_or(u8::MAX);
        }
        if let Some(nanos) = time(&self.dispatcher, "HeartbeatPeriod") {
            spec.heartbeat_period = Duration::from_nanos(nanos);
        }
        if let Some(nanos) = time(&self.ca_config, "NodeCertExpiry") {
            spec.node_certificate_validity = Duration::from_nanos(nanos);
        }
        // As everywhere, 0 says nothing; counting from what was read, it never comes back to it.
        if let Some(count) = number(&self.ca_config, "ForceRotate").filter(|&count| count != 0) {
            spec.force_rotate = count;
        }
        if let Some(entries) = number(&self.raft, "SnapshotInterval").filter(|&entries| entries != 0) {
            spec.snapshot_interval_entries = entries;
        }
        spec.autolock = self.said_of_autolock().unwrap_or(spec.autolock);
        spec.encrypt_networks = self.said_of_networks().unwrap_or(spec.encrypt_networks);
        spec
    }
}

fn number(object: &Value, key: &str) -> Option<u64> {
    object.get(key).and_then(Value::as_u64)
}

/// Nanoseconds; 0 says nothing, as Docker's clients send what is not given.
fn time(object: &Value, key: &str) -> Option<u64> {
    number(object, key).filter(|&nanos| nanos != 0)
}

fn pool(text: &str) -> Result<Subnet, Unsupported> {
    let subnet: Subnet = text.parse().map_err(|error| Unsupported::value("DefaultAddrPool", error))?;
    if subnet.host_bits_set() {
        return Err(Unsupported::value("DefaultAddrPool", format!("{text} has host bits set")));
    }
    Ok(subnet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_own_settings() {
        assert_eq!(SwarmInit::default().cluster_spec().unwrap(), ClusterSpec::default());
        let text = r#"{"DefaultAddrPool": ["10.10.0.0/16"], "SubnetSize": 26,
            "Spec": {"Orchestration": {"TaskHistoryRetentionLimit": 3}, "Dispatcher": {"HeartbeatPeriod": 5000000000}}}"#;
        let spec = serde_json::from_str::<SwarmInit>(text).unwrap().cluster_spec().unwrap();
        assert_eq!((spec.task_history_per_slot, spec.heartbeat_period), (3, Duration::from_secs(5)));
        let none =
            r#"{"Orchestration": {"TaskHistoryRetentionLimit": 0}, "Dispatcher": {"HeartbeatPeriod": 0}}"#;
        let none = serde_json::from_str::<SwarmSpec>(none).unwrap().applied(spec.clone());
        assert_eq!((none.task_history_per_slot, none.heartbeat_period), (0, spec.heartbeat_period));
        assert_eq!((spec.address_pools[0].to_string(), spec.subnet_prefix_bits), ("10.10.0.0/16".into(), 26));
    }

    #[test]
    fn the_share_that_moves_by_itself_stays_until_another_is_said() {
        let spec = |text: &str| serde_json::from_str::<SwarmSpec>(text).unwrap();
        let some = spec(r#"{"Orchestration": {"RebalancePercent": 20}}"#).applied(ClusterSpec::default());
        assert_eq!(some.rebalance_percent, 20);
        assert_eq!(spec("{}").applied(some.clone()).rebalance_percent, 20);
        assert_eq!(spec(r#"{"Orchestration": {"RebalancePercent": 0}}"#).applied(some).rebalance_percent, 0);
    }

    #[test]
    fn managers_are_locked_by_either_word() {
        let locks = |text: &str| {
            let init: SwarmInit = serde_json::from_str(text).unwrap();
            init.cluster_spec().unwrap().autolock
        };
        assert!(locks(r#"{"AutoLockManagers": true}"#));
        assert!(locks(r#"{"Spec": {"EncryptionConfig": {"AutoLockManagers": true}}}"#));
        assert!(!locks(r#"{"AutoLockManagers": false, "Spec": {"EncryptionConfig": null}}"#));
        let on = ClusterSpec { autolock: true, ..ClusterSpec::default() };
        let said = |text: &str| serde_json::from_str::<SwarmSpec>(text).unwrap().applied(on.clone()).autolock;
        assert!(said("{}"), "what is not said stays");
        assert!(!said(r#"{"EncryptionConfig": {"AutoLockManagers": false}}"#));
    }

    #[test]
    fn all_networks_are_encrypted_when_it_is_said() {
        let spec = |text: &str| serde_json::from_str::<SwarmSpec>(text).unwrap();
        let on = spec(r#"{"EncryptionConfig": {"EncryptNetworks": true}}"#).applied(ClusterSpec::default());
        assert!(on.encrypt_networks && !on.autolock);
        let stays = r#"{"EncryptionConfig": {"AutoLockManagers": true}}"#;
        assert!(spec(stays).applied(on.clone()).encrypt_networks, "what is not said stays");
        assert!(!spec(r#"{"EncryptionConfig": {"EncryptNetworks": false}}"#).applied(on).encrypt_networks);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let refused = |text: &str| serde_json::from_str::<SwarmInit>(text).unwrap().cluster_spec().is_err();
        assert!(refused(r#"{"SubnetSize": 30}"#));
        assert!(refused(r#"{"DefaultAddrPool": ["10.10.0.1/16"]}"#));
        assert!(refused(r#"{"DefaultAddrPool": ["10.10.0.0/28"]}"#));
        assert!(refused(r#"{"DefaultAddrPool": ["x"]}"#));
        let port = |port| SwarmInit { data_path_port: port, ..SwarmInit::default() }.cluster_spec();
        for right in [0, 1024, 4789, 49_151] {
            assert_eq!(u32::from(port(right).unwrap().data_path_port), right);
        }
        for wrong in [1, 1023, 49_152, 65_536, u32::MAX] {
            let told =
                format!("DataPathPort: Datapath port number is not in valid range (1024-49151) : {wrong}");
            assert_eq!(port(wrong).unwrap_err().to_string(), told);
        }
    }
}
