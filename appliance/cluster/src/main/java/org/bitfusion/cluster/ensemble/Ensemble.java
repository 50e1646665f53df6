package org.bitfusion.cluster.ensemble;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.apache.zookeeper.KeeperException;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.connection.Attempt;
import org.bitfusion.cluster.connection.PoolConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Growing and shrinking a pool without a stop (decision 0022). Who belongs to it stands in records
/// under `/members`; who votes is ZooKeeper's own list, which follows. Each change of that list
/// names the version that it is of, so that of two appliances that settle at once one is told to
/// look again. Thread-safe.
public final class Ensemble {
    private static final Logger LOG = LoggerFactory.getLogger(Ensemble.class);
    private static final String MEMBERS = "/members";

    /// How often it is looked again whether somebody else's change is over, or a member has become
    /// able to vote.
    private static final int TRIES = 200;

    private static final Duration BETWEEN = Duration.ofMillis(100);

    private final PoolConnection connection;

    public Ensemble(PoolConnection connection) {
        this.connection = connection;
    }

    /// Writes the record of a pool's first member; nothing if it is there.
    ///
    /// @throws ClusterException NOT_CONNECTED
    public Membership found(Member self) {
        try {
            create(self);
        } catch (KeeperException.NodeExistsException _) {
            // Started before.
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
        return membership();
    }

    /// @throws ClusterException NOT_CONNECTED
    public Membership membership() {
        try {
            connection.settled();
            return new Membership(records(), configuration().voters());
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    /// Makes an appliance a member that observes. The same appliance gets the same answer again.
    ///
    /// @param host and `ports` where the others will find it
    public JoinOutcome join(UUID appliance, String host, Member.Ports ports) {
        try {
            for (int attempt = 0; attempt < TRIES && isAllowed(attempt); attempt++) {
                List<Member> present = records();
                Optional<Member> known = ofAppliance(present, appliance);
                if (known.isEmpty()) {
                    Optional<Integer> number = freeNumber(present);
                    if (number.isEmpty()) {
                        return new JoinOutcome.Full();
                    }
                    createUnlessTaken(new Member(number.get(), appliance, host, ports));
                } else if (isListed(known.get())
                        || isReconfigured(present, Set.of(), Optional.empty())) {
                    return new JoinOutcome.Joined(known.get(), membership());
                }
            }
            return new JoinOutcome.NoMajority("the pool did not come to rest; try again");
        } catch (KeeperException.NewConfigNoQuorum | ClusterException exception) {
            return new JoinOutcome.NoMajority(String.valueOf(exception.getMessage()));
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    /// Gives votes to whom they belong ([Roles]); to be called when a member came, or has been away
    /// for long.
    ///
    /// @param reachable numbers of those whose ZooKeeper answers ([Health])
    public SettleOutcome settle(Set<Integer> reachable) {
        try {
            for (int attempt = 0; attempt < TRIES && isAllowed(attempt); attempt++) {
                if (isReconfigured(records(), reachable, Optional.of(Roles::of))) {
                    return new SettleOutcome.Settled(membership());
                }
            }
            return new SettleOutcome.NoMajority("the pool did not come to rest; try again");
        } catch (KeeperException.NewConfigNoQuorum | ClusterException exception) {
            return new SettleOutcome.NoMajority(String.valueOf(exception.getMessage()));
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    /// Takes a member out of the pool, running or not. Whoever calls this has seen to it that no
    /// program runs there, and revokes its certificate afterwards: with it, it would still get in.
    ///
    /// @param reachable as for [#settle]
    public RemoveOutcome remove(int number, Set<Integer> reachable) {
        try {
            for (int attempt = 0; attempt < TRIES && isAllowed(attempt); attempt++) {
                List<Member> present = records();
                Optional<Member> leaving =
                        present.stream().filter(member -> member.number() == number).findFirst();
                if (leaving.isEmpty()) {
                    return new RemoveOutcome.NoSuchMember();
                }
                List<Member> rest = new ArrayList<>(present);
                rest.remove(leaving.get());
                if (rest.isEmpty()) {
                    return new RemoveOutcome.LastMember();
                }
                if (isReconfigured(rest, reachable, Optional.of(Roles::of))
                        && isForgotten(number)) {
                    LOG.info("member left number={} host={}", number, leaving.get().host());
                    return new RemoveOutcome.Removed(leaving.get(), membership());
                }
            }
            return new RemoveOutcome.NoMajority("the pool did not come to rest; try again");
        } catch (KeeperException.NewConfigNoQuorum | ClusterException exception) {
            return new RemoveOutcome.NoMajority(String.valueOf(exception.getMessage()));
        } catch (KeeperException exception) {
            throw PoolConnection.refused(exception);
        }
    }

    /// Waits before all attempts but the first, and brings this session up to date.
    private boolean isAllowed(int attempt) {
        try {
            if (attempt > 0) {
                Thread.sleep(BETWEEN);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
        connection.settled();
        return true;
    }

    /// How votes are given.
    @FunctionalInterface
    private interface Rule {
        Roles of(List<Standing> members);
    }

    /// Makes ZooKeeper's list what it should be.
    ///
    /// @param rule empty: who votes goes on, all others observe
    /// @return false if it has to be looked at again
    private boolean isReconfigured(
            List<Member> members, Set<Integer> reachable, Optional<Rule> rule)
            throws KeeperException {
        Configuration now = configuration();
        List<Standing> standings =
                members.stream()
                        .map(member ->
                                new Standing(
                                        member.number(),
                                        now.voters().contains(member.number()),
                                        reachable.contains(member.number())))
                        .toList();
        Roles roles = rule.map(given -> given.of(standings)).orElseGet(() -> asNow(standings));
        if (now.matches(roles)) {
            return true;
        }
        try {
            return isListed(members, now, roles);
        } catch (KeeperException.NewConfigNoQuorum exception) {
            List<Integer> promoted =
                    roles.voters().stream()
                            .filter(number -> !now.voters().contains(number))
                            .filter(reachable::contains)
                            .toList();
            if (promoted.isEmpty()) {
                throw exception;
            }
            prepare(now, promoted);
            return false;
        }
    }

    /// ZooKeeper counts on no observer when it looks whether the next list has a majority. One that
    /// is on no list follows without a vote, which counts: so who is to vote is taken off first,
    /// and put on again when it follows.
    private void prepare(Configuration now, List<Integer> promoted) throws KeeperException {
        TreeSet<Integer> observers = new TreeSet<>(now.observers());
        observers.removeAll(promoted);
        Roles without = new Roles(now.voters(), observers);
        if (!now.matches(without)) {
            List<Member> listed = new ArrayList<>(records());
            listed.removeIf(member ->
                    !now.voters().contains(member.number())
                            && !observers.contains(member.number()));
            isListed(listed, now, without);
        }
    }

    /// @return false if it has to be looked at again
    private boolean isListed(List<Member> members, Configuration now, Roles roles)
            throws KeeperException {
        List<String> lines =
                members.stream()
                        .map(member ->
                                "server."
                                        + member.number()
                                        + "="
                                        + member.line(roles.voters().contains(member.number())))
                        .toList();
        try {
            Attempt<byte[]> attempt =
                    connection.change(curator ->
                            curator.reconfig()
                                    .withNewMembers(lines)
                                    .fromConfig(now.version())
                                    .forEnsemble());
            if (attempt instanceof Attempt.Done<byte[]>) {
                LOG.info("votes changed voters={} observers={}", roles.voters(), roles.observers());
            }
            // Otherwise a look at the list tells whether it took place.
            return attempt instanceof Attempt.Done<byte[]>;
        } catch (KeeperException.BadVersionException
                | KeeperException.ReconfigInProgress exception) {
            LOG.debug("the list of members changed meanwhile: {}", exception.getMessage());
            return false;
        }
    }

    private static Roles asNow(List<Standing> standings) {
        List<Integer> voters = new ArrayList<>();
        List<Integer> observers = new ArrayList<>();
        for (Standing member : standings) {
            (member.votes() ? voters : observers).add(member.number());
        }
        return new Roles(Set.copyOf(voters), Set.copyOf(observers));
    }

    private boolean isListed(Member member) throws KeeperException {
        Configuration now = configuration();
        return now.voters().contains(member.number()) || now.observers().contains(member.number());
    }

    private Configuration configuration() throws KeeperException {
        return Configuration.parse(
                connection.repeated(curator -> curator.getConfig().forEnsemble()));
    }

    private List<Member> records() throws KeeperException {
        List<Member> members = new ArrayList<>();
        for (String name : names()) {
            int number = Integer.parseInt(name);
            try {
                byte[] content =
                        connection.repeated(
                                curator -> curator.getData().forPath(MEMBERS + "/" + name));
                members.add(MemberRecord.decode(number, content));
            } catch (KeeperException.NoNodeException _) {
                // It left meanwhile.
            }
        }
        members.sort(Comparator.comparingInt(Member::number));
        return members;
    }

    private List<String> names() throws KeeperException {
        try {
            return connection.repeated(curator -> curator.getChildren().forPath(MEMBERS));
        } catch (KeeperException.NoNodeException _) {
            return List.of();
        }
    }

    /// The answer to a creation that was lost is found at the next look.
    private void create(Member member) throws KeeperException {
        Attempt<String> attempt =
                connection.change(curator ->
                        curator.create()
                                .creatingParentsIfNeeded()
                                .forPath(
                                        MEMBERS + "/" + member.number(),
                                        MemberRecord.encode(member)));
        if (attempt instanceof Attempt.Done<String>) {
            LOG.info("member joined number={} host={}", member.number(), member.host());
        }
    }

    private void createUnlessTaken(Member member) throws KeeperException {
        try {
            create(member);
        } catch (KeeperException.NodeExistsException _) {
            // Another one joined at the same time and has this number.
        }
    }

    private boolean isForgotten(int number) throws KeeperException {
        try {
            return connection.change(curator -> {
                curator.delete().forPath(MEMBERS + "/" + number);
                return number;
            })
                    instanceof Attempt.Done<Integer>;
        } catch (KeeperException.NoNodeException _) {
            return true;
        }
    }

    private static Optional<Member> ofAppliance(List<Member> members, UUID appliance) {
        return members.stream().filter(member -> member.appliance().equals(appliance)).findFirst();
    }

    /// One more than the highest: a number is not used again while there are others, since the disk
    /// of who had it may still speak of its votes.
    private static Optional<Integer> freeNumber(List<Member> members) {
        Set<Integer> taken = Set.copyOf(members.stream().map(Member::number).toList());
        int highest = taken.stream().mapToInt(Integer::intValue).max().orElse(0);
        if (highest < Member.MOST) {
            return Optional.of(highest + 1);
        }
        for (int number = 1; number <= Member.MOST; number++) {
            if (!taken.contains(number)) {
                return Optional.of(number);
            }
        }
        return Optional.empty();
    }
}
