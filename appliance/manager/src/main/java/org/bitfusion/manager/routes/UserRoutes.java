package org.bitfusion.manager.routes;

import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.bitfusion.manager.member.Pool;
import org.bitfusion.manager.web.Caller;
import org.bitfusion.manager.web.For;
import org.bitfusion.manager.web.Problem;
import org.bitfusion.manager.web.Who;
import org.bitfusion.tls.user.Role;
import org.bitfusion.tls.user.User;
import org.bitfusion.tls.user.UserChange;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/// The administrators of the pool.
@RestController
@RequestMapping("/api/v1/users")
public final class UserRoutes {
    private final Pool pool;

    public UserRoutes(Pool pool) {
        this.pool = pool;
    }

    /// @param role `admin` or `viewer`
    public record UserView(
            String name, String role, boolean enabled, Instant created, Instant passwordChanged) {
        static UserView of(User user) {
            return new UserView(
                    user.name(),
                    user.role().word(),
                    user.enabled(),
                    user.created(),
                    user.passwordChanged());
        }
    }

    /// @param password from 12 to 128 characters
    public record NewUser(@Nullable String name, @Nullable String role, @Nullable String password) {
        /// Without the password.
        @Override
        public String toString() {
            return "NewUser[" + name + "]";
        }
    }

    /// What is to change; what is not said stays.
    public record ChangedUser(
            @Nullable String role, @Nullable Boolean enabled, @Nullable String password) {
        /// Without the password.
        @Override
        public String toString() {
            return "ChangedUser[]";
        }
    }

    /// All of them.
    @For(Who.ADMIN)
    @GetMapping
    @Operation(operationId = "listUsers", summary = "All administrators and viewers")
    public List<UserView> list() {
        return pool.users().list().stream().map(UserView::of).toList();
    }

    /// One.
    @For(Who.ADMIN)
    @GetMapping("/{name}")
    @Operation(operationId = "getUser", summary = "One user")
    public UserView find(@PathVariable("name") String name) {
        return pool.users().list().stream()
                .filter(user -> user.name().equals(name))
                .findFirst()
                .map(UserView::of)
                .orElseThrow(() -> noSuchUser(name));
    }

    /// Makes one.
    @For(Who.ADMIN)
    @PostMapping
    @Operation(operationId = "createUser", summary = "Adds a user")
    @ApiResponse(
            responseCode = "201",
            description = "made",
            content =
                    @Content(
                            mediaType = "application/json",
                            schema = @Schema(implementation = UserView.class)))
    public ResponseEntity<UserView> create(
            @RequestAttribute(Caller.ATTRIBUTE) Caller caller, @RequestBody NewUser asked) {
        char[] password = Needed.value("password", asked.password()).toCharArray();
        try {
            User user =
                    done(
                            pool.users()
                                    .create(
                                            Needed.value("name", asked.name()),
                                            role(Needed.value("role", asked.role())),
                                            password,
                                            pool.now()));
            say("user-created", caller, user.name() + ", " + user.role().word());
            return ResponseEntity.status(201).body(UserView.of(user));
        } finally {
            Arrays.fill(password, '\0');
        }
    }

    /// Changes one.
    @For(Who.ADMIN)
    @PatchMapping("/{name}")
    @Operation(
            operationId = "changeUser",
            summary = "Changes a user's role, password, or whether it is enabled")
    public UserView change(
            @RequestAttribute(Caller.ATTRIBUTE) Caller caller,
            @PathVariable("name") String name,
            @RequestBody ChangedUser change) {
        if (change.password() != null) {
            char[] password = change.password().toCharArray();
            try {
                done(pool.users().changePassword(name, password, pool.now()));
            } finally {
                Arrays.fill(password, '\0');
            }
        }
        if (change.role() != null) {
            done(pool.users().changeRole(name, role(change.role())));
        }
        if (change.enabled() != null) {
            done(pool.users().enable(name, change.enabled()));
        }
        UserView user = find(name);
        say("user-changed", caller, name);
        return user;
    }

    /// Deletes one; the last administrator stays.
    @For(Who.ADMIN)
    @DeleteMapping("/{name}")
    @Operation(operationId = "deleteUser", summary = "Deletes a user")
    @ApiResponse(responseCode = "204", description = "done")
    public ResponseEntity<Void> delete(
            @RequestAttribute(Caller.ATTRIBUTE) Caller caller, @PathVariable("name") String name) {
        done(pool.users().delete(name));
        say("user-deleted", caller, name);
        return ResponseEntity.noContent().build();
    }

    private void say(String kind, Caller caller, String text) {
        pool.events().append(pool.now(), kind, caller.name(), text);
    }

    private static Role role(String word) {
        return Role.parse(word)
                .orElseThrow(() -> Problem.badRequest("role: (expected: admin or viewer)"));
    }

    private static User done(UserChange change) {
        return switch (change) {
            case UserChange.Done(User user) -> user;
            case UserChange.NameTaken(String name) ->
                    throw Problem.conflict("there is a user " + name + " already");
            case UserChange.NoSuchUser(String name) -> throw noSuchUser(name);
            case UserChange.LastAdministrator(String name) ->
                    throw Problem.conflict(
                            name + " is the last administrator who can change anything");
            case UserChange.Unacceptable(String problem) -> throw Problem.badRequest(problem);
        };
    }

    private static Problem noSuchUser(String name) {
        return Problem.notFound("there is no user " + org.bitfusion.tls.Names.shown(name));
    }
}
