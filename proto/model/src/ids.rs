//! Typed 128-bit ids, one type per kind of object.
//!
//! An id is a random value (uuid version 4, so that short prefixes differ) shown as 25 base-36 digits, as Docker Swarm
//! shows its ids. People may name an object by its id, a unique prefix of it, or its name.

use std::fmt;
use std::str::FromStr;

use crate::IdError;

/// Digits of a shown id: 36^25 > 2^128 > 36^24.
pub const ID_DIGITS: usize = 25;

const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Writes `value` as 25 base-36 digits, most significant first.
pub fn to_base36(mut value: u128) -> [u8; ID_DIGITS] {
    let mut digits = [b'0'; ID_DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(value % 36) as usize];
        value /= 36;
    }
    digits
}

/// Reads up to 25 base-36 digits.
///
/// # Errors
/// When the text is empty, too long, holds another character, or names a value above 2^128 - 1.
pub fn from_base36(text: &str) -> Result<u128, IdError> {
    if text.is_empty() || text.len() > ID_DIGITS {
        return Err(IdError::Length { text: text.into() });
    }
    let mut value: u128 = 0;
    for character in text.chars() {
        let digit = character.to_digit(36).filter(|_| !character.is_ascii_uppercase());
        let digit = digit.ok_or_else(|| IdError::Character { text: text.into(), character })?;
        value = value
            .checked_mul(36)
            .and_then(|shifted| shifted.checked_add(u128::from(digit)))
            .ok_or_else(|| IdError::Range { text: text.into() })?;
    }
    Ok(value)
}

macro_rules! id_types {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "testing", derive(proptest_derive::Arbitrary))]
        // Ids stand in many small tuples of the store's indexes: those need no gaps before a number of 16 bytes.
        #[repr(Rust, packed(4))]
        pub struct $name(u128);

        impl $name {
            /// The id with this value; the value comes from `skep_runtime`'s random numbers.
            pub const fn new(value: u128) -> Self {
                Self(value)
            }

            /// The value behind the shown digits.
            pub const fn value(self) -> u128 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                let digits = to_base36(self.0);
                out.pad(std::str::from_utf8(&digits).unwrap_or_default())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                if text.len() != ID_DIGITS {
                    return Err(IdError::Length { text: text.into() });
                }
                from_base36(text).map(Self)
            }
        }
    )+};
}

id_types! {
    /// One swarm.
    ClusterId,
    /// One host in a swarm.
    NodeId,
    /// A group of services that were deployed together.
    StackId,
    /// A service: what should run, how often.
    ServiceId,
    /// One run of a service's container on one node.
    TaskId,
    /// A network that tasks attach to.
    NetworkId,
    /// A plain container's places on networks.
    AttachmentId,
    /// A secret.
    SecretId,
    /// A config.
    ConfigId,
    /// Something that users ask of one node for as long as they watch.
    CallId,
    /// One agent's stay with one dispatcher.
    SessionId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shown_ids_read_back(value: u128) {
            let id = TaskId::new(value);
            prop_assert_eq!(id.to_string().len(), ID_DIGITS);
            prop_assert_eq!(id.to_string().parse::<TaskId>().unwrap(), id);
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = text.parse::<NodeId>();
            let _ = from_base36(&text);
        }
    }

    #[test]
    fn a_value_above_the_range_is_refused() {
        assert!(matches!("z".repeat(25).parse::<NodeId>(), Err(IdError::Range { .. })));
    }
}
