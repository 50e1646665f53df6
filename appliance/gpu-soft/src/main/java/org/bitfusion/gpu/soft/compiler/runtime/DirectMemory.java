package org.bitfusion.gpu.soft.compiler.runtime;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;

/// A class with the loads and stores of [Memory], made while the program runs, that uses the JVM's
/// own memory access when the JVM was started with `--add-exports
/// java.base/jdk.internal.misc=ALL-UNNAMED`.
///
/// Every access through a MemorySegment costs the JIT compiler about 250 bytes of its inlining
/// budget of 8,000 per method, so a kernel with more than thirty accesses was left with calls:
/// n-body ran 1.8 times, a tiled matrix multiply 1.4 times slower. Without the flag kernels run all
/// the same.
public final class DirectMemory {
    private static final String PACKAGE = "jdk.internal.misc";
    private static final ClassDesc UNSAFE = ClassDesc.of(PACKAGE, "Unsafe");
    private static final ClassDesc SELF =
            ClassDesc.of(DirectMemory.class.getPackageName(), "DirectMemory$Generated");

    /// The class that generated code calls.
    private static final ClassDesc OWNER = define();

    private DirectMemory() {}

    /// The class whose static methods generated code calls to load and store.
    public static ClassDesc owner() {
        return OWNER;
    }

    /// True when the JVM lets this package use its own memory access.
    public static boolean isAvailable() {
        return Object.class.getModule().isExported(PACKAGE, DirectMemory.class.getModule());
    }

    private static ClassDesc define() {
        if (!isAvailable()) {
            return ClassDesc.ofDescriptor(Memory.class.descriptorString());
        }
        try {
            MethodHandles.lookup()
                    .defineClass(ClassFile.of().build(SELF, DirectMemory::writeMethods));
            return SELF;
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("cannot define a class in its own package", e);
        }
    }

    private static void writeMethods(ClassBuilder builder) {
        builder.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL | ClassFile.ACC_SYNTHETIC);
        for (String strength : new String[] {"", "Strong"}) {
            load(builder, strength, "S8", "Byte", ConstantDescs.CD_byte, TypeKind.INT, -1);
            load(builder, strength, "U8", "Byte", ConstantDescs.CD_byte, TypeKind.INT, 0xFF);
            load(builder, strength, "S16", "Short", ConstantDescs.CD_short, TypeKind.INT, -1);
            load(builder, strength, "U16", "Short", ConstantDescs.CD_short, TypeKind.INT, 0xFFFF);
            load(builder, strength, "Int", "Int", ConstantDescs.CD_int, TypeKind.INT, -1);
            load(builder, strength, "Long", "Long", ConstantDescs.CD_long, TypeKind.LONG, -1);
            load(builder, strength, "Float", "Float", ConstantDescs.CD_float, TypeKind.FLOAT, -1);
            load(
                    builder,
                    strength,
                    "Double",
                    "Double",
                    ConstantDescs.CD_double,
                    TypeKind.DOUBLE,
                    -1);
            store(builder, strength, "8", "Byte", ConstantDescs.CD_byte, TypeKind.INT);
            store(builder, strength, "16", "Short", ConstantDescs.CD_short, TypeKind.INT);
            store(builder, strength, "Int", "Int", ConstantDescs.CD_int, TypeKind.INT);
            store(builder, strength, "Long", "Long", ConstantDescs.CD_long, TypeKind.LONG);
            store(builder, strength, "Float", "Float", ConstantDescs.CD_float, TypeKind.FLOAT);
            store(builder, strength, "Double", "Double", ConstantDescs.CD_double, TypeKind.DOUBLE);
        }
    }

    private static void load(
            ClassBuilder builder,
            String strength,
            String suffix,
            String word,
            ClassDesc memory,
            TypeKind result,
            int mask) {
        String access = "get" + word + (strength.isEmpty() ? "" : "Volatile");
        builder.withMethodBody(
                "load" + strength + suffix,
                MethodTypeDesc.of(result.upperBound(), ConstantDescs.CD_long),
                ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC,
                code -> {
                    pushTarget(code);
                    code.invokevirtual(
                            UNSAFE,
                            access,
                            MethodTypeDesc.of(
                                    memory, ConstantDescs.CD_Object, ConstantDescs.CD_long));
                    if (mask > 0) {
                        code.loadConstant(mask).iand();
                    }
                    code.return_(result);
                });
    }

    private static void store(
            ClassBuilder builder,
            String strength,
            String suffix,
            String word,
            ClassDesc memory,
            TypeKind value) {
        String access = "put" + word + (strength.isEmpty() ? "" : "Release");
        builder.withMethodBody(
                "store" + strength + suffix,
                MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_long, value.upperBound()),
                ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC,
                code -> {
                    pushTarget(code);
                    code.loadLocal(value, 2);
                    if (memory.equals(ConstantDescs.CD_byte)) {
                        code.i2b();
                    } else if (memory.equals(ConstantDescs.CD_short)) {
                        code.i2s();
                    }
                    code.invokevirtual(
                            UNSAFE,
                            access,
                            MethodTypeDesc.of(
                                    ConstantDescs.CD_void,
                                    ConstantDescs.CD_Object,
                                    ConstantDescs.CD_long,
                                    memory));
                    code.return_();
                });
    }

    /// The accessor, no object, and the address.
    private static void pushTarget(CodeBuilder code) {
        code.invokestatic(UNSAFE, "getUnsafe", MethodTypeDesc.of(UNSAFE)).aconst_null().lload(0);
    }
}
