package org.bitfusion.server;

/// A resource scheduler that is started by hand: `bitfusion resource_scheduler [-s PORT] [-p
/// PORT]`. It has a dispatcher of its own, which grants the leases: at the scheduler's port as at
/// its own (decision 0030).
public final class ResourceSchedulerMain {
    private ResourceSchedulerMain() {}

    public static void main(String[] arguments) throws InterruptedException {
        System.exit(ApplianceMain.run("resource_scheduler", arguments));
    }
}
