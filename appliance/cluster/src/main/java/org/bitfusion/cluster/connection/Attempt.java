package org.bitfusion.cluster.connection;

/// What became of one change.
public sealed interface Attempt<T> {
    /// It took place.
    record Done<T>(T value) implements Attempt<T> {}

    /// It did not: there was no connection.
    record NotSent<T>() implements Attempt<T> {}

    /// The connection broke before the answer: it may have taken place, or still may.
    record Unknown<T>(String why) implements Attempt<T> {}
}
