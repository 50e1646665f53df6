package org.bitfusion.worker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuFunction;
import org.bitfusion.gpu.GpuModule;
import org.bitfusion.gpu.ModuleImage;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.ImageHandler;
import org.bitfusion.protocol.message.ImageKnown;
import org.bitfusion.protocol.message.ImageKnownAnswer;
import org.bitfusion.protocol.message.ImageOffer;
import org.bitfusion.protocol.message.ImageOfferAnswer;
import org.bitfusion.protocol.message.Log;
import org.bitfusion.protocol.message.ModuleCheck;
import org.bitfusion.protocol.message.ModuleCheckAnswer;
import org.bitfusion.protocol.message.ModuleFunction;
import org.bitfusion.protocol.message.ModuleGlobal;
import org.bitfusion.protocol.message.ModuleGlobalAnswer;
import org.bitfusion.protocol.message.ModuleHandler;
import org.bitfusion.protocol.message.ModuleLoad;
import org.bitfusion.protocol.message.ModuleLoadKnown;
import org.bitfusion.protocol.message.ModuleLog;
import org.bitfusion.protocol.message.ModuleLogAnswer;
import org.bitfusion.protocol.message.ModuleUnload;
import org.bitfusion.protocol.message.WireConstants;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The messages about modules and their images. An image that cannot be loaded is told by the first
/// call that uses it, and in both logs.
final class ModuleCalls implements ModuleHandler, ImageHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ModuleCalls.class);

    /// Largest image, and most bytes of images on their way.
    private static final long MOST_IMAGE_BYTES = 1L << 30;

    private static final int MOST_LOG_BYTES = 8000;
    private static final byte LEVEL_ERROR = 1;

    /// What an image counts at least of those on their way.
    private static final long LEAST_IMAGE_BYTES = 4096;

    /// Room that an image gets before more of it has come.
    private static final int FIRST_ROOM = WireConstants.BULK_CHUNK;

    /// A module and its context.
    record ClientModule(ClientContext context, GpuModule gpu) {}

    /// A kernel and its context.
    record ClientFunction(ClientContext context, GpuFunction gpu) {}

    private final SessionState session;
    private final ImageStore images;
    private final HandleTable<ClientModule> modules = new HandleTable<>("module");
    private final HandleTable<ClientFunction> functions = new HandleTable<>("function");
    private final Map<Long, String> whyFailed = new HashMap<>();
    private final Map<Long, Arriving> arriving = new HashMap<>();
    private long arrivingBytes;

    ModuleCalls(SessionState session, ImageStore images) {
        this.session = session;
        this.images = images;
    }

    @Override
    public void load(ModuleLoad message, int payloadBytes, ByteBuffer begun) throws IOException {
        Arriving image = image(message, payloadBytes);
        ByteBuffer room = image.room(payloadBytes);
        session.frames.readPayload(begun, room);
        if (room.position() == image.total) {
            arriving.remove(message.module());
            arrivingBytes -= counted(image.total);
            load(message.module(), message.context(), message.kind(), room.flip());
            images.store(room);
        }
    }

    private static long counted(long total) {
        return Math.max(LEAST_IMAGE_BYTES, total);
    }

    /// An image of which a part has come. Takes memory for at most twice of what has come, however
    /// large it is said to be.
    private static final class Arriving {
        final long total;
        private ByteBuffer bytes;

        Arriving(long total) {
            this.total = total;
            bytes = ByteBuffer.allocate((int) Math.min(total, FIRST_ROOM));
        }

        long come() {
            return bytes.position();
        }

        /// The buffer with its limit after the next so many bytes, which fit the image.
        ByteBuffer room(int count) {
            if (bytes.capacity() - bytes.position() < count) {
                long wanted = Math.max(2L * bytes.capacity(), (long) bytes.position() + count);
                bytes = ByteBuffer.allocate((int) Math.min(total, wanted)).put(bytes.flip());
            }
            return bytes.limit(bytes.position() + count);
        }
    }

    /// Where the next chunk belongs.
    private Arriving image(ModuleLoad message, int payloadBytes) throws ProtocolException {
        long total = message.totalBytes();
        Arriving image = arriving.get(message.module());
        if (image == null) {
            if (total < 1
                    || total > MOST_IMAGE_BYTES
                    || counted(total) > MOST_IMAGE_BYTES - arrivingBytes) {
                throw new ProtocolException("module.load: image of %d bytes".formatted(total));
            }
            image = new Arriving(total);
            arriving.put(message.module(), image);
            arrivingBytes += counted(total);
        }
        if (image.total != total
                || image.come() != message.offset()
                || payloadBytes > total - message.offset()) {
            throw new ProtocolException(
                    "module.load: chunk at %d of %d bytes (expected: at %d of %d)"
                            .formatted(message.offset(), total, image.come(), image.total));
        }
        return image;
    }

    @Override
    public void loadKnown(ModuleLoadKnown message) throws IOException {
        ByteBuffer image =
                images.find(message.hash())
                        .orElseThrow(() ->
                                new ProtocolException("module.load_known: hash was not confirmed"));
        load(message.module(), message.context(), message.kind(), image);
    }

    private void load(long handle, long contextHandle, byte kind, ByteBuffer image)
            throws IOException {
        ClientContext context = session.contexts.find(contextHandle);
        if (context == null) {
            modules.addFailed(handle, session.contexts.failure(contextHandle));
            return;
        }
        String name = "module 0x" + Long.toHexString(handle);
        ModuleImage content = new ModuleImage(kind(kind), image.asReadOnlyBuffer(), name);
        switch (context.gpu().loadModule(content)) {
            case Outcome.Success<GpuModule>(GpuModule gpu) ->
                    modules.add(handle, new ClientModule(context, gpu));
            case Outcome.Failure<GpuModule>(CudaStatus status, String detail) -> {
                modules.addFailed(handle, status);
                whyFailed.put(handle, detail.isEmpty() ? status.cudaName() : detail);
                tell(name + ": " + status.cudaName() + (detail.isEmpty() ? "" : ": " + detail));
            }
        }
    }

    private static ModuleImage.Kind kind(byte kind) throws ProtocolException {
        return switch (kind) {
            case 1 -> ModuleImage.Kind.PTX;
            case 2 -> ModuleImage.Kind.ELF;
            case 3 -> ModuleImage.Kind.FAT_BINARY;
            default -> throw new ProtocolException("module.load: kind " + kind);
        };
    }

    /// Says it in the appliance's log and in the client's.
    private void tell(String text) {
        LOG.error("error=\"{}\"", text);
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        String fitting =
                bytes.length <= MOST_LOG_BYTES ? text : text.substring(0, MOST_LOG_BYTES / 4);
        Log message = new Log(LEVEL_ERROR, fitting);
        session.writer.send(message.wireBytes(), message::writeFrame);
    }

    @Override
    public void check(int request, ModuleCheck message) {
        if (modules.find(message.module()) == null) {
            session.writer.fail(
                    ModuleCheck.CALL, request, modules.failure(message.module()).code());
            return;
        }
        ModuleCheckAnswer answer = new ModuleCheckAnswer(ByteBuffer.allocate(0));
        session.writer.send(answer.wireBytes(), out -> answer.writeFrame(out, request));
    }

    /// Answers with the reason why a module was not loaded; nothing for a good one.
    @Override
    public void log(int request, ModuleLog message) {
        byte[] text = whyFailed.getOrDefault(message.module(), "").getBytes(StandardCharsets.UTF_8);
        ByteBuffer fitting = ByteBuffer.wrap(text, 0, Math.min(text.length, MOST_LOG_BYTES));
        ModuleLogAnswer answer = new ModuleLogAnswer(fitting);
        session.writer.send(answer.wireBytes(), out -> answer.writeFrame(out, request));
    }

    @Override
    public void known(int request, ImageKnown message) {
        ImageKnownAnswer answer =
                new ImageKnownAnswer((byte) (images.isKnown(message.hash()) ? 1 : 0));
        session.writer.send(answer.wireBytes(), out -> answer.writeFrame(out, request));
    }

    @Override
    public void offer(int request, ImageOffer message) throws ProtocolException {
        ByteBuffer proof = ByteBuffer.allocate(Proof.BYTES);
        message.proof().write(proof);
        boolean known = images.isProved(message.hash(), Proof.read(proof.flip()));
        ImageOfferAnswer answer = new ImageOfferAnswer((byte) (known ? 1 : 0));
        session.writer.send(answer.wireBytes(), out -> answer.writeFrame(out, request));
    }

    @Override
    public void unload(ModuleUnload message) {
        ClientModule module = modules.remove(message.module());
        whyFailed.remove(message.module());
        if (module != null) {
            functions.removeIf(function -> function.gpu().module().equals(module.gpu()));
            module.gpu().close();
        }
    }

    @Override
    public void global(int request, ModuleGlobal message) {
        ClientModule module = modules.find(message.module());
        if (module == null) {
            session.writer.fail(
                    ModuleGlobal.CALL, request, modules.failure(message.module()).code());
            return;
        }
        session.answer(
                ModuleGlobal.CALL,
                request,
                module.context(),
                () -> module.gpu().global(message.name()),
                (GpuModule.Global global) -> {
                    ModuleGlobalAnswer answer =
                            new ModuleGlobalAnswer(global.address(), global.bytes());
                    return new SessionState.Answer(answer.wireBytes(), answer::writeFrame);
                });
    }

    @Override
    public void function(ModuleFunction message) throws IOException {
        ClientModule module = modules.find(message.module());
        if (module == null) {
            functions.addFailed(message.function(), modules.failure(message.module()));
            return;
        }
        switch (module.gpu().function(message.name())) {
            case Outcome.Success<GpuFunction>(GpuFunction gpu) ->
                    functions.add(message.function(), new ClientFunction(module.context(), gpu));
            case Outcome.Failure<GpuFunction>(CudaStatus status, String detail) -> {
                functions.addFailed(message.function(), status);
                if (!detail.isEmpty()) {
                    tell(message.name() + ": " + status.cudaName() + ": " + detail);
                }
            }
        }
    }

    HandleTable<ClientFunction> functions() {
        return functions;
    }

    /// The context and all that was in it are gone.
    void forget(ClientContext context) {
        modules.removeIf(module -> module.context() == context);
    }
}
