package org.bitfusion.cli.pool;

import org.bitfusion.cli.configuration.ServerAddress;

/// What is told while managers are asked.
public interface Notices {
    /// Nothing but faults.
    Notices NONE =
            new Notices() {
                @Override
                public void asking(ServerAddress address) {}

                @Override
                public void enrolled(ServerAddress address, String id) {}

                @Override
                public void warning(String text) {}
            };

    /// A manager is asked for the first time.
    void asking(ServerAddress address);

    /// This client got its certificate.
    ///
    /// @param id by which the pool knows it
    void enrolled(ServerAddress address, String id);

    /// One of several managers cannot be asked.
    void warning(String text);
}
