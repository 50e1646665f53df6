package org.bitfusion.worker.wire;

/// What the client says about the connection itself.
public interface Link {
    /// Of a session that has no client.
    Link NONE =
            new Link() {
                @Override
                public void acknowledge() {}

                @Override
                public void leaving() {}
            };

    /// Tells the client what has been received.
    void acknowledge();

    /// The program is about to end: the end of its connection is its end.
    void leaving();
}
