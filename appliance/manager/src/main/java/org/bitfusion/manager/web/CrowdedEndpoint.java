package org.bitfusion.manager.web;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.tomcat.util.net.NioChannel;
import org.apache.tomcat.util.net.NioEndpoint;
import org.apache.tomcat.util.net.SocketEvent;
import org.apache.tomcat.util.net.SocketWrapperBase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tomcat's listening socket, whose connections are in a [Crowd] from when they are accepted until
/// they are closed. Who has to go hears the end of the stream, as if it had hung up itself: Tomcat
/// closes it then in its own way, and no buffer of it is used twice.
final class CrowdedEndpoint extends NioEndpoint {
    private static final Logger LOG = LoggerFactory.getLogger(CrowdedEndpoint.class);

    /// Of an address of IPv6, which is one of as many as its holder likes.
    private static final int NETWORK_BYTES = 8;

    private volatile Crowd<String> crowd = new Crowd<>(SecurePort.LIMITS);

    /// By the name that requests give their connection.
    private final Map<String, SocketChannel> sockets = new ConcurrentHashMap<>();

    /// Before it is opened.
    ///
    /// @param known by [jakarta.servlet.ServletConnection#getConnectionId]
    void use(Crowd<String> known) {
        crowd = known;
    }

    @Override
    public void setHandler(Handler<NioChannel> handler) {
        super.setHandler(new Leaving(handler));
    }

    /// Called for each connection that was accepted, before anything of it is read.
    @Override
    protected boolean setSocketOptions(SocketChannel socket) {
        if (!super.setSocketOptions(socket)) {
            return false;
        }
        SocketWrapperBase<NioChannel> wrapper = connections.get(socket);
        if (wrapper == null) {
            return true; // it has gone again
        }
        String name = name(wrapper);
        sockets.put(name, socket);
        Optional<String> goes = crowd.came(name, place(socket));
        if (wrapper.isClosed()) {
            left(name);
        }
        goes.map(sockets::get).ifPresent(CrowdedEndpoint::hangUp);
        return true;
    }

    private static String name(SocketWrapperBase<NioChannel> wrapper) {
        return wrapper.getServletConnection("", "").getConnectionId();
    }

    static Object place(SocketChannel socket) {
        try {
            SocketAddress address = socket.getRemoteAddress();
            if (address instanceof InetSocketAddress internet) {
                return internet.getAddress() instanceof Inet6Address six
                        ? ByteBuffer.wrap(six.getAddress(), 0, NETWORK_BYTES)
                        : internet.getAddress();
            }
        } catch (IOException exception) {
            LOG.debug("gone again", exception);
        }
        return "";
    }

    private static void hangUp(SocketChannel socket) {
        try {
            LOG.debug("peer={} closed, too many prove nothing", socket.getRemoteAddress());
            socket.shutdownInput();
            socket.shutdownOutput();
        } catch (IOException exception) {
            LOG.debug("gone already", exception);
        }
    }

    private void left(String name) {
        sockets.remove(name);
        crowd.left(name);
    }

    /// Tomcat's own, which is told of each connection that is closed.
    private final class Leaving implements Handler<NioChannel> {
        private final Handler<NioChannel> tomcat;

        Leaving(Handler<NioChannel> tomcat) {
            this.tomcat = tomcat;
        }

        @Override
        public SocketState process(SocketWrapperBase<NioChannel> socket, SocketEvent event) {
            return tomcat.process(socket, event);
        }

        @Override
        public Object getGlobal() {
            return tomcat.getGlobal();
        }

        @Override
        public void release(SocketWrapperBase<NioChannel> socket) {
            left(name(socket));
            tomcat.release(socket);
        }

        @Override
        public void pause() {
            tomcat.pause();
        }

        @Override
        public void recycle() {
            tomcat.recycle();
        }
    }
}
