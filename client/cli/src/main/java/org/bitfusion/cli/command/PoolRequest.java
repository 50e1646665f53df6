package org.bitfusion.cli.command;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.pool.GrantedLease;
import org.bitfusion.cli.pool.LeaseOrder;
import org.bitfusion.cli.pool.LeaseWish;
import org.bitfusion.cli.pool.Notices;
import org.bitfusion.cli.session.Transcript;

/// The words of a request to a pool: whom it asks, what it waits for, what it got.
///
/// @param transcript where they are told
record PoolRequest(Transcript transcript) implements Notices {
    @Override
    public void asking(ServerAddress address) {
        transcript.info("Query server " + address + " gpu availability");
    }

    @Override
    public void enrolled(ServerAddress address, String id) {
        transcript.info("Query server " + address + " to claim client id: " + id);
    }

    @Override
    public void warning(String text) {
        transcript.warn(text);
    }

    /// While a certificate is asked for, GPUs are not.
    Notices enrolling() {
        return new Notices() {
            @Override
            public void asking(ServerAddress address) {}

            @Override
            public void enrolled(ServerAddress address, String id) {
                PoolRequest.this.enrolled(address, id);
            }

            @Override
            public void warning(String text) {
                transcript.warn(text);
            }
        };
    }

    /// Waits for the GPUs; says so, unless they are to be there at once.
    GrantedLease await(LeaseOrder order, LeaseWish wish) {
        String limit = "Waiting up to " + wish.patience().toSeconds() + " s for GPUs: ";
        GrantedLease lease =
                order.await(text -> {
                    if (wish.patience().isPositive()) {
                        transcript.delay(limit + text);
                    }
                });
        tell(lease);
        return lease;
    }

    private void tell(GrantedLease lease) {
        transcript.info("Choosing GPUs from server list " + ResourceTexts.list(servers(lease)));
        for (int i = 0; i < lease.parts().size(); i++) {
            GrantedLease.Part part = lease.parts().get(i);
            List<Long> sizes = new ArrayList<>(new TreeSet<>(part.mebibytes()));
            transcript.info(
                    "Requesting GPUs "
                            + ResourceTexts.list(part.indexes())
                            + " with "
                            + (sizes.size() == 1
                                    ? sizes.getFirst()
                                    : ResourceTexts.list(part.mebibytes()))
                            + " MiB of memory from server "
                            + i
                            + ", with version "
                            + part.joined().build()
                            + "...");
        }
    }

    static List<ServerAddress> servers(GrantedLease lease) {
        List<ServerAddress> servers = new ArrayList<>();
        for (GrantedLease.Part part : lease.parts()) {
            servers.add(part.manager());
        }
        return servers;
    }
}
