package org.bitfusion.dispatcher;

/// A part of one GPU's memory.
///
/// @param device position of the GPU among the served ones
/// @param limit bytes
record Share(int device, long limit) {}
