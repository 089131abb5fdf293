//! Conversions between the messages and the model. A type's conversion is complete or does not compile: the macros name
//! every field of both sides.

mod ca;
mod choice;
mod common;
mod content;
mod dispatcher;
mod doctor;
mod object;
mod relay;
mod spec;
mod store;

#[cfg(test)]
mod round_trip_test;

pub use ca::Certified;
pub use dispatcher::{Session, SessionUpdate};
use prost::Message;

use crate::WireError;

/// A type of the model that has a form on the wire.
pub trait Wire: Sized {
    /// Its form.
    type Form;
    /// The form of this value.
    fn to_wire(&self) -> Self::Form;
    /// The value of a form.
    ///
    /// # Errors
    /// When the form came from outside and is not that of any value.
    fn from_wire(form: Self::Form) -> Result<Self, WireError>;
}

/// The bytes of a value's form.
pub fn encode<T: Wire>(value: &T) -> Vec<u8>
where
    T::Form: Message,
{
    value.to_wire().encode_to_vec()
}

/// The value behind bytes.
///
/// # Errors
/// When they are not the form of a value of this type.
pub fn decode<T: Wire>(bytes: &[u8]) -> Result<T, WireError>
where
    T::Form: Message + Default,
{
    let form = T::Form::decode(bytes).map_err(|error| WireError::Malformed {
        message: std::any::type_name::<T>().rsplit("::").next().unwrap_or_default(),
        reason: error.to_string(),
    })?;
    T::from_wire(form)
}

/// The content of a message field, which protobuf lets be absent.
pub(crate) fn required<T: Wire>(form: Option<T::Form>, field: &'static str) -> Result<T, WireError> {
    form.ok_or(WireError::Missing { field }).and_then(T::from_wire)
}

/// Converts a struct whose fields have the same names on both sides: plain ones, and after `nested` those that are messages.
macro_rules! message {
    ($type:ident { $($plain:ident),* $(,)? } $(nested { $($nested:ident),* $(,)? })?) => {
        impl crate::Wire for skep_model::$type {
            type Form = crate::v1::$type;
            fn to_wire(&self) -> Self::Form {
                crate::v1::$type {
                    $($plain: crate::Wire::to_wire(&self.$plain),)*
                    $($($nested: Some(crate::Wire::to_wire(&self.$nested)),)*)?
                }
            }
            fn from_wire(form: Self::Form) -> Result<Self, crate::WireError> {
                Ok(Self {
                    $($plain: crate::Wire::from_wire(form.$plain)?,)*
                    $($($nested: $crate::convert::required(
                        form.$nested, concat!(stringify!($type), ".", stringify!($nested)))?,)*)?
                })
            }
        }
    };
}

/// Converts an enum without content, word by word; the form's zero is no word.
macro_rules! words {
    ($type:ident { $($word:ident),+ $(,)? }) => {
        impl crate::Wire for skep_model::$type {
            type Form = i32;
            fn to_wire(&self) -> i32 {
                match self { $(Self::$word => crate::v1::$type::$word as i32,)+ }
            }
            fn from_wire(form: i32) -> Result<Self, crate::WireError> {
                match crate::v1::$type::try_from(form) {
                    $(Ok(crate::v1::$type::$word) => Ok(Self::$word),)+
                    Ok(crate::v1::$type::Unspecified) | Err(_) => {
                        Err(crate::WireError::Value { field: stringify!($type), value: form.to_string() })
                    }
                }
            }
        }
    };
}

pub(crate) use {message, words};
