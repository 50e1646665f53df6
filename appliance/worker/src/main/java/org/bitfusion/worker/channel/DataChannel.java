package org.bitfusion.worker.channel;

import java.nio.channels.ByteChannel;
import java.nio.channels.GatheringByteChannel;
import org.bitfusion.protocol.ChannelBinding;

/// A connection to a client, in blocking mode. One thread may read while another writes.
public interface DataChannel extends ByteChannel, GatheringByteChannel {
    /// What proofs over it are bound to.
    ChannelBinding binding();

    /// Who is at the other end has proved itself: it is worth memory from now on. Called before
    /// other threads use this.
    void letIn();
}
