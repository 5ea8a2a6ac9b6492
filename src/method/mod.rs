//! The systems that can be compared, each a [`Restorer`](crate::restore::Restorer).

mod lcm;

pub use lcm::Lcm;
