//! Plain values, ids, times, and what wraps other types.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use skep_model::{
    AttachmentId, CallId, ClusterId, ConfigId, Content, NetworkId, NodeId, SecretId, ServiceId, SessionId,
    StackId, Subnet, Subnet6, TaskId, TaskNetwork, TaskState, Timestamp, TunnelKey,
};

use super::{Wire, required, words};
use crate::{WireError, v1};

macro_rules! same {
    ($($type:ty),+) => {$(
        impl Wire for $type {
            type Form = $type;
            fn to_wire(&self) -> $type {
                self.clone()
            }
            fn from_wire(form: $type) -> Result<Self, WireError> {
                Ok(form)
            }
        }
    )+};
}
same!(u64, i64, u32, i32, bool, String, BTreeMap<String, String>);

macro_rules! narrow {
    ($($type:ty),+) => {$(
        impl Wire for $type {
            type Form = u32;
            fn to_wire(&self) -> u32 {
                u32::from(*self)
            }
            fn from_wire(form: u32) -> Result<Self, WireError> {
                Self::try_from(form)
                    .map_err(|_| WireError::Value { field: stringify!($type), value: form.to_string() })
            }
        }
    )+};
}
narrow!(u8, u16);

macro_rules! ids {
    ($($type:ident),+) => {$(
        impl Wire for $type {
            type Form = Vec<u8>;
            fn to_wire(&self) -> Vec<u8> {
                self.value().to_be_bytes().to_vec()
            }
            fn from_wire(form: Vec<u8>) -> Result<Self, WireError> {
                match <[u8; 16]>::try_from(form.as_slice()) {
                    Ok(bytes) => Ok(Self::new(u128::from_be_bytes(bytes))),
                    Err(_) => Err(WireError::Value {
                        field: stringify!($type),
                        value: format!("{} bytes", form.len()),
                    }),
                }
            }
        }
    )+};
}
ids!(
    AttachmentId,
    CallId,
    ClusterId,
    ConfigId,
    NodeId,
    SecretId,
    StackId,
    ServiceId,
    TaskId,
    NetworkId,
    SessionId
);

impl<T: Wire> Wire for Option<T> {
    type Form = Option<T::Form>;
    fn to_wire(&self) -> Self::Form {
        self.as_ref().map(T::to_wire)
    }
    fn from_wire(form: Self::Form) -> Result<Self, WireError> {
        form.map(T::from_wire).transpose()
    }
}

impl<T: Wire> Wire for Vec<T> {
    type Form = Vec<T::Form>;
    fn to_wire(&self) -> Self::Form {
        self.iter().map(T::to_wire).collect()
    }
    fn from_wire(form: Self::Form) -> Result<Self, WireError> {
        form.into_iter().map(T::from_wire).collect()
    }
}

impl<T: Wire> Wire for Box<[T]> {
    type Form = Vec<T::Form>;
    fn to_wire(&self) -> Self::Form {
        self.iter().map(T::to_wire).collect()
    }
    fn from_wire(form: Self::Form) -> Result<Self, WireError> {
        form.into_iter().map(T::from_wire).collect()
    }
}

impl<T: Wire> Wire for Box<T> {
    type Form = T::Form;
    fn to_wire(&self) -> Self::Form {
        T::to_wire(self)
    }
    fn from_wire(form: Self::Form) -> Result<Self, WireError> {
        T::from_wire(form).map(Self::new)
    }
}

impl<T: Wire> Wire for Arc<T> {
    type Form = T::Form;
    fn to_wire(&self) -> Self::Form {
        T::to_wire(self)
    }
    fn from_wire(form: Self::Form) -> Result<Self, WireError> {
        T::from_wire(form).map(Self::new)
    }
}

impl Wire for Box<str> {
    type Form = String;
    fn to_wire(&self) -> String {
        self.to_string()
    }
    fn from_wire(form: String) -> Result<Self, WireError> {
        Ok(form.into_boxed_str())
    }
}

impl Wire for Timestamp {
    type Form = u64;
    fn to_wire(&self) -> u64 {
        self.as_nanos()
    }
    fn from_wire(form: u64) -> Result<Self, WireError> {
        Ok(Self::from_nanos(form))
    }
}

impl Wire for Content {
    type Form = Vec<u8>;
    fn to_wire(&self) -> Vec<u8> {
        self.0.clone()
    }
    fn from_wire(form: Vec<u8>) -> Result<Self, WireError> {
        Ok(Self(form))
    }
}

impl Wire for (TaskState, Timestamp) {
    type Form = v1::Moment;
    fn to_wire(&self) -> v1::Moment {
        v1::Moment { state: self.0.to_wire(), at: self.1.to_wire() }
    }
    fn from_wire(form: v1::Moment) -> Result<Self, WireError> {
        Ok((Wire::from_wire(form.state)?, Wire::from_wire(form.at)?))
    }
}

impl Wire for TunnelKey {
    type Form = Vec<u8>;
    fn to_wire(&self) -> Vec<u8> {
        self.0.to_vec()
    }
    fn from_wire(form: Vec<u8>) -> Result<Self, WireError> {
        let wrong = || WireError::Value { field: "TunnelKey", value: format!("{} bytes", form.len()) };
        form.as_slice().try_into().map(Self).map_err(|_| wrong())
    }
}

impl Wire for Ipv4Addr {
    type Form = u32;
    fn to_wire(&self) -> u32 {
        self.to_bits()
    }
    fn from_wire(form: u32) -> Result<Self, WireError> {
        Ok(Self::from_bits(form))
    }
}

impl Wire for Ipv6Addr {
    type Form = Vec<u8>;
    fn to_wire(&self) -> Vec<u8> {
        self.octets().to_vec()
    }
    fn from_wire(form: Vec<u8>) -> Result<Self, WireError> {
        let wrong = || WireError::Value { field: "Ipv6Addr", value: format!("{} bytes", form.len()) };
        <[u8; 16]>::try_from(form.as_slice()).map(Self::from).map_err(|_| wrong())
    }
}

/// The address of a node that a port is published on, in the two fields that it has.
pub(super) fn node_address_to_wire(address: Option<IpAddr>) -> (Option<u32>, Option<Vec<u8>>) {
    match address {
        None => (None, None),
        Some(IpAddr::V4(address)) => (Some(address.to_wire()), None),
        Some(IpAddr::V6(address)) => (None, Some(address.to_wire())),
    }
}

/// The same back.
pub(super) fn node_address_from_wire(
    address: Option<u32>,
    address6: Option<Vec<u8>>,
) -> Result<Option<IpAddr>, WireError> {
    Ok(match address6 {
        Some(address) => Some(Ipv6Addr::from_wire(address)?.into()),
        None => address.map(|address| Ipv4Addr::from_bits(address).into()),
    })
}

impl Wire for Duration {
    type Form = v1::Duration;
    fn to_wire(&self) -> v1::Duration {
        v1::Duration { seconds: self.as_secs(), nanos: self.subsec_nanos() }
    }
    fn from_wire(form: v1::Duration) -> Result<Self, WireError> {
        if form.nanos >= 1_000_000_000 {
            return Err(WireError::Value { field: "Duration.nanos", value: form.nanos.to_string() });
        }
        Ok(Self::new(form.seconds, form.nanos))
    }
}

impl Wire for Subnet {
    type Form = v1::Subnet;
    fn to_wire(&self) -> v1::Subnet {
        v1::Subnet { address: self.address.to_wire(), prefix_bits: self.prefix_bits.to_wire() }
    }
    fn from_wire(form: v1::Subnet) -> Result<Self, WireError> {
        Ok(Self { address: Wire::from_wire(form.address)?, prefix_bits: Wire::from_wire(form.prefix_bits)? })
    }
}

impl Wire for Subnet6 {
    type Form = v1::Subnet6;
    fn to_wire(&self) -> v1::Subnet6 {
        v1::Subnet6 { address: self.address.to_wire(), prefix_bits: self.prefix_bits.to_wire() }
    }
    fn from_wire(form: v1::Subnet6) -> Result<Self, WireError> {
        Ok(Self { address: Wire::from_wire(form.address)?, prefix_bits: Wire::from_wire(form.prefix_bits)? })
    }
}

impl Wire for (Subnet, Timestamp) {
    type Form = v1::RestingRange;
    fn to_wire(&self) -> v1::RestingRange {
        v1::RestingRange { range: Some(self.0.to_wire()), released_at: self.1.to_wire() }
    }
    fn from_wire(form: v1::RestingRange) -> Result<Self, WireError> {
        Ok((required(form.range, "RestingRange.range")?, Wire::from_wire(form.released_at)?))
    }
}

impl Wire for TaskNetwork {
    type Form = v1::NetworkAddress;
    fn to_wire(&self) -> v1::NetworkAddress {
        (self.network, self.address).to_wire()
    }
    fn from_wire(form: v1::NetworkAddress) -> Result<Self, WireError> {
        let (network, address) = Wire::from_wire(form)?;
        Ok(Self { network, address })
    }
}

impl Wire for (NetworkId, Ipv4Addr) {
    type Form = v1::NetworkAddress;
    fn to_wire(&self) -> v1::NetworkAddress {
        v1::NetworkAddress { network: self.0.to_wire(), address: self.1.to_wire() }
    }
    fn from_wire(form: v1::NetworkAddress) -> Result<Self, WireError> {
        Ok((Wire::from_wire(form.network)?, Wire::from_wire(form.address)?))
    }
}

words!(Protocol { Tcp, Udp });
words!(TaskState {
    New,
    Pending,
    Assigned,
    Accepted,
    Preparing,
    Ready,
    Starting,
    Running,
    Complete,
    Shutdown,
    Failed,
    Rejected,
    Remove,
    Orphaned,
});
