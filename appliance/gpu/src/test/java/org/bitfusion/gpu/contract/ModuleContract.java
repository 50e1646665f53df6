package org.bitfusion.gpu.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuFunction;
import org.bitfusion.gpu.GpuModule;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.ModuleImage;
import org.bitfusion.gpu.Outcome;
import org.junit.jupiter.api.Test;

/// Modules, their variables and the attributes of their kernels.
public abstract class ModuleContract extends GpuContract {
    private static final String HEADER = ".version 7.0\n.target sm_50\n.address_size 64\n";

    @Test
    void namesAreFoundOrNot() {
        GpuModule module = kernels();
        assertThat(module.functionNames()).contains("vector_add", "count", "trap_now");
        assertThat(module.function("nothing").status()).isEqualTo(CudaStatus.NOT_FOUND);
        assertThat(module.global("nothing").status()).isEqualTo(CudaStatus.NOT_FOUND);
        assertThat(module.function("vprintf").status()).isEqualTo(CudaStatus.NOT_FOUND);
    }

    @Test
    void variablesHaveTheirInitialValuesAndAddresses() {
        GpuModule module = kernels();
        GpuStream stream = stream();
        GpuModule.Global counter = module.global("counter").value();
        assertThat(counter.bytes()).isEqualTo(4);
        assertThat(readInts(stream, counter.address(), 1)).containsExactly(7);
        GpuModule.Global factors = module.global("factors").value();
        assertThat(factors.bytes()).isEqualTo(16);
        assertThat(readInts(stream, factors.address(), 4)).containsExactly(2, 3, 5, 7);
        GpuModule.Global pointer = module.global("pointer_to_counter").value();
        ByteBuffer bytes = ByteBuffer.wrap(read(stream, pointer.address(), 8));
        assertThat(bytes.order(ByteOrder.LITTLE_ENDIAN).getLong()).isEqualTo(counter.address());
    }

    @Test
    void kernelsUseTheirModulesVariables() {
        GpuModule module = kernels();
        GpuStream stream = stream();
        long where = allocate(32);
        launch(stream, module.function("use_variables").value(), 1, 4, where);
        assertThat(readInts(stream, where, 4)).containsExactly(14, 21, 35, 49);
        long counter = module.global("counter").value().address();
        assertThat(readInts(stream, counter, 1)).containsExactly(8);
        writeInts(stream, module.global("factors").value().address(), 1, 1, 1, 1);
        launch(stream, module.function("use_variables").value(), 1, 4, where);
        assertThat(readInts(stream, where, 4)).containsExactly(8, 8, 8, 8);
    }

    @Test
    void eachLoadHasItsOwnVariables() {
        long first = kernels().global("counter").value().address();
        long second = kernels().global("counter").value().address();
        assertThat(first).isNotEqualTo(second);
    }

    @Test
    void unloadingFreesTheVariables() {
        long free = context.memory().information().free();
        GpuModule module =
                context.loadModule(text(HEADER + ".visible .global .b8 big[33554432];\n")).value();
        assertThat(context.memory().information().free()).isLessThan(free);
        module.close();
        assertThat(context.memory().information().free()).isEqualTo(free);
    }

    @Test
    void parametersLieWhereTheCompilerPutThem() {
        assertThat(kernel("vector_add").parameters())
                .containsExactly(
                        new GpuFunction.Parameter(0, 8),
                        new GpuFunction.Parameter(8, 8),
                        new GpuFunction.Parameter(16, 8),
                        new GpuFunction.Parameter(24, 4));
    }

    @Test
    void attributesTellTheLimits() {
        String ptx =
                HEADER
                        + """
                        .visible .entry k() .maxntid 128, 1, 1 {
                            .shared .align 4 .b8 own[1000];
                            .reg .b32 %r;
                            mov.u32 %r, own;
                            ret;
                        }
                        """;
        GpuFunction kernel = context.loadModule(text(ptx)).value().function("k").value();
        assertThat(kernel.attribute(0).value()).isEqualTo(128);
        assertThat(kernel.attribute(1).value()).isEqualTo(1000);
        assertThat(kernel.attribute(4).value()).isPositive();
        assertThat(kernel.attribute(6).value()).isPositive();
        assertThat(kernel.attribute(999).status()).isEqualTo(CudaStatus.INVALID_VALUE);
        assertThat(kernel.occupancy(128, 0, 0).value()).isPositive();
        assertThat(kernel.occupancy(128, 100 << 10, 0).value())
                .isLessThan(kernel.occupancy(128, 0, 0).value());
        assertThat(kernel.occupancy(0, 0, 0).status()).isEqualTo(CudaStatus.INVALID_VALUE);
    }

    @Test
    void malformedTextIsInvalidAndNamesTheLine() {
        Outcome<GpuModule> outcome = context.loadModule(text(HEADER + "nonsense;\n"));
        assertThat(outcome.status()).isEqualTo(CudaStatus.INVALID_PTX);
    }

    @Test
    void machineCodeOfAnUnknownKindHasNoBinary() {
        ModuleImage image =
                new ModuleImage(ModuleImage.Kind.ELF, ByteBuffer.wrap(new byte[64]), "elf");
        assertThat(context.loadModule(image).status())
                .isIn(CudaStatus.NO_BINARY_FOR_GPU, CudaStatus.INVALID_IMAGE);
    }

    /// A fat binary with one plain entry: header of 16 bytes, entry header of 64, then the text.
    private static ModuleImage fatBinary(int architecture, String ptx) {
        byte[] text = ptx.getBytes(StandardCharsets.UTF_8);
        int padded = (text.length + 8) & -8;
        ByteBuffer image = ByteBuffer.allocate(80 + padded).order(ByteOrder.LITTLE_ENDIAN);
        image.putInt(0xBA55ED50).putShort((short) 1).putShort((short) 16).putLong(64 + padded);
        image.putShort((short) 1).putShort((short) 0x101).putInt(64).putLong(padded);
        image.putInt(0).putInt(0).putShort((short) 0).putShort((short) 7).putInt(architecture);
        image.putInt(0).putInt(0).putLong(0x11).putLong(0).putLong(0);
        image.position(80).put(text).clear();
        return new ModuleImage(ModuleImage.Kind.FAT_BINARY, image, "fat binary");
    }

    @Test
    void aFatBinaryGivesThePtxThatFits() {
        String ptx = HEADER + ".visible .entry inside() { ret; }\n";
        assertThat(context.loadModule(fatBinary(50, ptx)).value().functionNames())
                .containsExactly("inside");
        assertThat(context.loadModule(fatBinary(990, ptx)).status())
                .isEqualTo(CudaStatus.NO_BINARY_FOR_GPU);
    }
}
