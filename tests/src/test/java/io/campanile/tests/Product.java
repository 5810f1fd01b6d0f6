package io.campanile.tests;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.net.URL;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;

/** The classes that are published, and which of their packages the modules export. */
final class Product {
    static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("/io/campanile/examples/"))
            .importPackages("io.campanile");

    static final Set<String> EXPORTED_PACKAGES = exportedPackages();

    private Product() {}

    /** Types that an application can name. */
    static DescribedPredicate<JavaClass> publicTypes() {
        return DescribedPredicate.describe("are public in an exported package", Product::isPublic);
    }

    /** Says whether a type is in an exported package, and public or (for those who extend) protected. */
    static boolean isPublic(JavaClass type) {
        return EXPORTED_PACKAGES.contains(type.getPackageName())
                && (type.getModifiers().contains(JavaModifier.PUBLIC)
                        || type.getModifiers().contains(JavaModifier.PROTECTED))
                && type.getEnclosingClass().map(Product::isPublic).orElse(true);
    }

    // Asked of the descriptors, so that a module which exports another package is held to the rules at once.
    private static Set<String> exportedPackages() {
        Set<String> packages = new TreeSet<>();
        try {
            for (URL url : Collections.list(Product.class.getClassLoader().getResources("module-info.class"))) {
                try (InputStream in = url.openStream()) {
                    ModuleDescriptor module = ModuleDescriptor.read(in);
                    if (module.name().startsWith("io.campanile.")) {
                        module.exports().stream()
                                .filter(exports -> !exports.isQualified())
                                .forEach(exports -> packages.add(exports.source()));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packages;
    }
}
