package org.bitfusion.worker;

import java.util.ArrayList;
import java.util.List;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuFunction;
import org.bitfusion.gpu.LaunchParameters;
import org.bitfusion.protocol.message.FunctionAttributes;
import org.bitfusion.protocol.message.FunctionAttributesAnswer;
import org.bitfusion.protocol.message.FunctionHandler;
import org.bitfusion.protocol.message.FunctionOccupancy;
import org.bitfusion.protocol.message.FunctionOccupancyAnswer;
import org.bitfusion.protocol.message.FunctionParameters;
import org.bitfusion.protocol.message.FunctionParametersAnswer;
import org.bitfusion.protocol.message.FunctionSetAttribute;
import org.bitfusion.protocol.message.KernelParameter;
import org.bitfusion.protocol.message.Launch;
import org.bitfusion.protocol.message.LaunchHandler;
import org.bitfusion.worker.ModuleCalls.ClientFunction;

/// The messages about kernels: their attributes, and launches.
final class FunctionCalls implements FunctionHandler, LaunchHandler {
    private static final int COOPERATIVE = 1;

    /// CUfunction_attribute numbers are below this.
    private static final int ATTRIBUTES = 16;

    private final SessionState session;
    private final HandleTable<ClientFunction> functions;

    FunctionCalls(SessionState session, HandleTable<ClientFunction> functions) {
        this.session = session;
        this.functions = functions;
    }

    private void fail(int call, int request, long handle) {
        session.writer.fail(call, request, functions.failure(handle).code());
    }

    @Override
    public void attributes(int request, FunctionAttributes message) {
        ClientFunction function = functions.find(message.function());
        if (function == null) {
            fail(FunctionAttributes.CALL, request, message.function());
            return;
        }
        FunctionAttributesAnswer answer =
                new FunctionAttributesAnswer(
                        SessionState.values(ATTRIBUTES, function.gpu()::attribute));
        session.writer.send(answer.wireBytes(), out -> answer.writeFrame(out, request));
    }

    @Override
    public void setAttribute(FunctionSetAttribute message) {
        ClientFunction function = functions.find(message.function());
        if (function != null) {
            CudaStatus status = function.gpu().setAttribute(message.attribute(), message.value());
            if (status != CudaStatus.SUCCESS) {
                function.context().defer(status);
            }
        }
    }

    @Override
    public void occupancy(int request, FunctionOccupancy message) {
        ClientFunction function = functions.find(message.function());
        if (function == null) {
            fail(FunctionOccupancy.CALL, request, message.function());
            return;
        }
        session.answer(
                FunctionOccupancy.CALL,
                request,
                function.context(),
                () ->
                        function.gpu()
                                .occupancy(
                                        message.blockSize(),
                                        message.dynamicSharedBytes(),
                                        message.flags()),
                blocks -> {
                    FunctionOccupancyAnswer answer = new FunctionOccupancyAnswer(blocks);
                    return new SessionState.Answer(answer.wireBytes(), answer::writeFrame);
                });
    }

    @Override
    public void parameters(int request, FunctionParameters message) {
        ClientFunction function = functions.find(message.function());
        if (function == null) {
            fail(FunctionParameters.CALL, request, message.function());
            return;
        }
        List<KernelParameter> parameters = new ArrayList<>();
        for (GpuFunction.Parameter parameter : function.gpu().parameters()) {
            parameters.add(new KernelParameter(parameter.offset(), parameter.bytes()));
        }
        FunctionParametersAnswer answer = new FunctionParametersAnswer(parameters);
        session.writer.send(answer.wireBytes(), out -> answer.writeFrame(out, request));
    }

    @Override
    public void launch(Launch message) {
        ClientStream stream = session.stream(message.stream());
        ClientFunction function = functions.find(message.function());
        if (stream == null) {
            return;
        }
        if (function == null) {
            stream.check(functions.failure(message.function()));
            return;
        }
        byte[] packed = new byte[message.parameters().remaining()];
        message.parameters().get(packed);
        stream.check(
                stream.gpu()
                        .launch(
                                function.gpu(),
                                new LaunchParameters(
                                        message.gridX(),
                                        message.gridY(),
                                        message.gridZ(),
                                        message.blockX(),
                                        message.blockY(),
                                        message.blockZ(),
                                        message.dynamicSharedBytes(),
                                        (message.flags() & COOPERATIVE) != 0,
                                        message.clusterX(),
                                        message.clusterY(),
                                        message.clusterZ(),
                                        packed)));
    }
}
