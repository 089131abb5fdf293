//! The store from outside: archives in, names, removals, crashes. They need root, as unpacking does.

#[cfg(test)]
mod archives;
#[cfg(test)]
mod load;
#[cfg(test)]
mod store;
