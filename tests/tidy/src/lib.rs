//! The house rules as tests. Nothing here is part of the product.

#[cfg(test)]
mod imports;
#[cfg(test)]
mod map;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod words;
