package org.bitfusion.worker;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.control.WorkerOrder;
import org.bitfusion.protocol.control.WorkerReport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The worker's side of the two pipes to the dispatcher.
final class ControlChannel {
    private static final Logger LOG = LoggerFactory.getLogger(ControlChannel.class);

    /// Told of what the dispatcher wants.
    interface Listener {
        void open(WorkerOrder.Open order);

        /// The lease is over.
        void end();

        /// The dispatcher is gone.
        void dispatcherGone();
    }

    private final BufferedReader orders;
    private final OutputStream reports;

    ControlChannel(InputStream orders, OutputStream reports) {
        this.orders = new BufferedReader(new InputStreamReader(orders, StandardCharsets.UTF_8));
        this.reports = reports;
    }

    void report(WorkerReport report) {
        byte[] line = (report.line() + "\n").getBytes(StandardCharsets.UTF_8);
        synchronized (reports) {
            try {
                reports.write(line);
                reports.flush();
            } catch (IOException e) {
                LOG.debug("the dispatcher is gone, report lost");
            }
        }
    }

    /// Reads orders until the dispatcher is gone.
    void listen(Listener listener) {
        try {
            for (String line = orders.readLine(); line != null; line = orders.readLine()) {
                switch (WorkerOrder.parse(line)) {
                    case WorkerOrder.Open open -> listener.open(open);
                    case WorkerOrder.End _ -> listener.end();
                }
            }
        } catch (ProtocolException e) {
            LOG.error("error=\"{}\"", e.getMessage());
        } catch (IOException e) {
            LOG.debug("the dispatcher's pipe broke");
        }
        listener.dispatcherGone();
    }
}
