package org.bitfusion.manager;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.bitfusion.dispatcher.Dispatcher;
import org.bitfusion.dispatcher.DispatcherSettings;
import org.bitfusion.dispatcher.PortInUseException;
import org.bitfusion.manager.lease.Leasing;
import org.bitfusion.manager.member.Founding;
import org.bitfusion.manager.member.Joining;
import org.bitfusion.manager.member.ManagerException;
import org.bitfusion.manager.member.ManagerFolder;
import org.bitfusion.manager.member.ManagerSettings;
import org.bitfusion.manager.member.ManagerYaml;
import org.bitfusion.manager.member.Pool;
import org.bitfusion.manager.member.Upkeep;
import org.bitfusion.manager.routes.ClientRoutes;
import org.bitfusion.manager.routes.Elsewhere;
import org.bitfusion.manager.routes.EnrolmentRoutes;
import org.bitfusion.manager.routes.EventRoutes;
import org.bitfusion.manager.routes.LeaseRoutes;
import org.bitfusion.manager.routes.PartRoutes;
import org.bitfusion.manager.routes.PoolRoutes;
import org.bitfusion.manager.routes.RenewalRoutes;
import org.bitfusion.manager.routes.ServerRoutes;
import org.bitfusion.manager.routes.SettingsRoutes;
import org.bitfusion.manager.routes.TokenRoutes;
import org.bitfusion.manager.routes.UserRoutes;
import org.bitfusion.manager.web.Port;
import org.bitfusion.server.Settings;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.PoolId;
import org.bitfusion.tls.context.ClientCertificate;
import org.bitfusion.tls.context.TlsContext;

/// The appliance's service wired together: ZooKeeper, the dispatcher, what is done all the time,
/// the port for HTTPS. Closing it leaves programs running.
final class Manager implements AutoCloseable {
    private static final String VERSION = "5.0.0";

    private final ManagerSettings settings;
    private final Pool pool;
    private final Dispatcher dispatcher;
    private final Upkeep upkeep;
    private final Leasing leasing;
    private final Elsewhere elsewhere;
    private final Port port;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Manager(
            ManagerSettings settings, ManagerFolder folder, Pool pool, Dispatcher dispatcher) {
        this.settings = settings;
        this.pool = pool;
        this.dispatcher = dispatcher;
        elsewhere = new Elsewhere(pool);
        upkeep = new Upkeep(pool, folder, settings);
        leasing = new Leasing(pool, settings, dispatcher, Settings.BUILD);
        try {
            port =
                    Port.open(
                            pool,
                            settings.listen(),
                            settings.port(),
                            List.of(
                                    new EnrolmentRoutes(pool, elsewhere),
                                    new RenewalRoutes(pool, elsewhere),
                                    new TokenRoutes(pool, elsewhere),
                                    new PoolRoutes(pool, leasing, VERSION, Settings.BUILD),
                                    new ServerRoutes(pool),
                                    new LeaseRoutes(pool, leasing),
                                    new PartRoutes(leasing),
                                    new ClientRoutes(pool, leasing),
                                    new UserRoutes(pool),
                                    new SettingsRoutes(pool),
                                    new EventRoutes(pool)));
        } catch (RuntimeException exception) {
            leasing.close();
            upkeep.close();
            elsewhere.close();
            throw exception;
        }
    }

    /// @throws Flags.UsageException if flags or variables make no sense
    /// @throws ManagerException if it cannot start; the message says why and what to do
    static Manager start(Flags flags, Map<String, String> environment) throws Flags.UsageException {
        ManagerFolder folder = ManagerFolder.of(environment);
        folder.make();
        ManagerYaml yaml = ManagerYaml.read(folder.yaml());
        ManagerSettings settings = flags.settings(yaml);
        Pool pool = pool(folder, settings, yaml);
        Dispatcher dispatcher;
        try {
            dispatcher = dispatcher(folder, settings, pool, environment);
        } catch (RuntimeException exception) {
            pool.close();
            throw exception;
        }
        try {
            return new Manager(settings, folder, pool, dispatcher);
        } catch (RuntimeException exception) {
            dispatcher.close();
            pool.close();
            throw new ManagerException(
                    "port "
                            + settings.port()
                            + " of "
                            + settings.listen().getHostAddress()
                            + " cannot be opened: "
                            + exception.getMessage(),
                    exception);
        }
    }

    /// Founds a pool, and starts no service.
    ///
    /// @return the pool's id
    /// @throws Flags.UsageException if flags or variables make no sense
    /// @throws ManagerException if there is a pool here already, or it cannot be founded
    static PoolId found(Flags flags, Map<String, String> environment) throws Flags.UsageException {
        ManagerFolder folder = ManagerFolder.of(environment);
        folder.make();
        ManagerYaml yaml = ManagerYaml.read(folder.yaml());
        ManagerSettings settings = flags.settings(yaml);
        if (yaml.place().isPresent()) {
            throw new ManagerException(
                    "this appliance is a member of a pool, as "
                            + folder.yaml()
                            + " says; to found another one, stop its service and delete that file");
        }
        if (settings.join().isPresent()) {
            throw new Flags.UsageException(
                    "a pool that is there is joined, not founded: bitfusion manager --join "
                            + settings.join().get().download());
        }
        try (Pool pool = Founding.found(folder, settings, InstantSource.system())) {
            return pool.trust().pool();
        }
    }

    private static Pool pool(ManagerFolder folder, ManagerSettings settings, ManagerYaml yaml) {
        InstantSource clock = InstantSource.system();
        Optional<ManagerYaml.Place> place = yaml.place();
        if (place.isPresent()) {
            return Pool.goOn(folder, settings, place.get(), clock);
        }
        return settings.join().isPresent()
                ? Joining.join(folder, settings, settings.join().get(), clock)
                : Founding.found(folder, settings, clock);
    }

    private static Dispatcher dispatcher(
            ManagerFolder folder,
            ManagerSettings settings,
            Pool pool,
            Map<String, String> environment) {
        TlsContext tls =
                TlsContext.server(
                        pool.identity(),
                        pool.trust(),
                        ClientCertificate.REQUIRED,
                        Set.of(PeerRole.CLIENT, PeerRole.APPLIANCE));
        try {
            DispatcherSettings dispatcherSettings =
                    new Settings(environment)
                            .inPool(
                                    pool.self().appliance(),
                                    new InetSocketAddress(
                                            settings.listen(), settings.dispatcherPort()),
                                    settings.networks().stream()
                                            .map(each -> each.address() + "/" + each.netmask())
                                            .toList(),
                                    folder.dispatcher(),
                                    tls);
            Dispatcher dispatcher = Dispatcher.start(dispatcherSettings);
            if (!settings.listen().isAnyLocalAddress()) {
                settings.networks().stream()
                        .map(each -> InetAddress.ofLiteral(each.address()))
                        .filter(address -> !address.equals(settings.listen()))
                        .forEach(dispatcher::alsoListen);
            }
            return dispatcher;
        } catch (Settings.SettingsException | PortInUseException exception) {
            throw new ManagerException(String.valueOf(exception.getMessage()), exception);
        } catch (IOException exception) {
            throw new ManagerException(
                    "the dispatcher cannot start: " + exception.getMessage(), exception);
        }
    }

    String address() {
        return settings.listen().getHostAddress();
    }

    int port() {
        return settings.port();
    }

    /// Waits until it cannot go on.
    ///
    /// @return why
    String awaitFailure() throws InterruptedException {
        return dispatcher.awaitFailure();
    }

    boolean isClosed() {
        return closed.get();
    }

    /// Once: the port first, ZooKeeper last. Workers that serve a program go on.
    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        port.close();
        leasing.close();
        upkeep.close();
        elsewhere.close();
        dispatcher.close();
        pool.close();
    }
}
