//! Laws of the `wire` room: any split gives the same frames, frames give back the bytes, messages
//! come out as they were sent, and no input costs more than its bound.

mod frames;
mod messages;
mod naive;
