package org.bitfusion.cluster.ensemble;

/// What decides whether a member should vote.
///
/// @param number the member's
/// @param votes whether it does now
/// @param isReachable whether it answers now
public record Standing(int number, boolean votes, boolean isReachable) {}
