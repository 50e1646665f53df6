package org.bitfusion.gpu;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What a call gives: a value, or the CUDA status that says why there is none.
public sealed interface Outcome<T> {
    /// The call worked.
    record Success<T>(T value) implements Outcome<T> {}

    /// The call did not work.
    ///
    /// @param detail for the log: names the instruction, image or symbol; empty when the status
    ///   says it all
    record Failure<T>(CudaStatus status, String detail) implements Outcome<T> {}

    static <T> Outcome<T> of(T value) {
        return new Success<>(value);
    }

    static <T> Outcome<T> failed(CudaStatus status) {
        return new Failure<>(status, "");
    }

    static <T> Outcome<T> failed(CudaStatus status, String detail) {
        return new Failure<>(status, detail);
    }

    /// SUCCESS, or why there is no value.
    default CudaStatus status() {
        return this instanceof Failure<T> failure ? failure.status() : CudaStatus.SUCCESS;
    }

    /// The value, or null after a failure.
    default @Nullable T valueOrNull() {
        return this instanceof Success<T> success ? success.value() : null;
    }

    /// The value.
    ///
    /// @throws IllegalStateException naming the status, after a failure
    default T value() {
        return switch (this) {
            case Success<T> success -> success.value();
            case Failure<T> failure ->
                    throw new IllegalStateException(
                            failure.status().cudaName() + " " + failure.detail());
        };
    }

    default <R> Outcome<R> map(Function<? super T, ? extends R> function) {
        return switch (this) {
            case Success<T> success -> of(function.apply(success.value()));
            case Failure<T> failure -> failed(failure.status(), failure.detail());
        };
    }
}
