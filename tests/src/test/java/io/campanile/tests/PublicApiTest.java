package io.campanile.tests;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What applications can see is what was meant for them. */
final class PublicApiTest {
    private static final Path MEANT = Path.of("src/test/resources/public-types.txt");
    private static final Path SEEN = Path.of("target/public-types.txt");

    @Test
    void namesOnlyItsOwnTypesAndThoseOfTheJdk() {
        classes().that(Product.publicTypes()).should(nameOnlyPublicTypes()).check(Product.CLASSES);
    }

    /** A type that became public by accident, or was lost, shows here before it shows to users. */
    @Test
    void hasTheTypesOfTheCheckedInList() throws IOException {
        List<String> seen = Product.CLASSES.stream()
                .filter(Product::isPublic)
                .map(JavaClass::getName)
                .sorted()
                .toList();
        Files.createDirectories(SEEN.getParent());
        Files.write(SEEN, seen);
        List<String> meant = Files.readAllLines(MEANT);

        Stream<String> added =
                seen.stream().filter(name -> !meant.contains(name)).map("+ "::concat);
        Stream<String> lost =
                meant.stream().filter(name -> !seen.contains(name)).map("- "::concat);
        assertThat(Stream.concat(added, lost))
                .as("public types that came or went; if that is meant: cp tests/%s tests/%s", SEEN, MEANT)
                .isEmpty();
    }

    /** All but the server's, which is an application: nobody compiles against it. */
    @Test
    void hidesThePackagesThatNobodyExports() {
        assertThat(Product.CLASSES)
                .filteredOn(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
                .filteredOn(type -> type.getEnclosingClass().isEmpty())
                .extracting(JavaClass::getPackageName)
                .filteredOn(name -> !name.startsWith("io.campanile.server"))
                .filteredOn(name -> !Product.EXPORTED_PACKAGES.contains(name))
                .as("packages with public types that are not exported")
                .isEmpty();
    }

    /** Looks at supertypes, fields, parameters, results, exceptions and type arguments, of public and protected members. */
    private static ArchCondition<JavaClass> nameOnlyPublicTypes() {
        return new ArchCondition<>("name only exported types and those of the JDK in their signatures") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                Stream<JavaType> supertypes =
                        Stream.concat(type.getSuperclass().stream(), type.getInterfaces().stream());
                supertypes.forEach(named -> check(type, type.getFullName(), named, events));
                type.getMembers().stream()
                        .filter(PublicApiTest::isVisible)
                        .forEach(member ->
                                signature(member).forEach(named -> check(type, member.getFullName(), named, events)));
            }

            private void check(JavaClass type, String where, JavaType named, ConditionEvents events) {
                named.getAllInvolvedRawTypes().stream()
                        .map(JavaClass::getBaseComponentType)
                        .filter(raw ->
                                !raw.isPrimitive() && !raw.getPackageName().startsWith("java."))
                        .filter(raw -> !Product.isPublic(raw))
                        .forEach(raw ->
                                events.add(SimpleConditionEvent.violated(type, where + " names " + raw.getName())));
            }
        };
    }

    private static boolean isVisible(JavaMember member) {
        return (member.getModifiers().contains(JavaModifier.PUBLIC)
                        || member.getModifiers().contains(JavaModifier.PROTECTED))
                && !member.getModifiers().contains(JavaModifier.SYNTHETIC);
    }

    private static Stream<JavaType> signature(JavaMember member) {
        if (member instanceof JavaField field) {
            return Stream.of(field.getType());
        }
        JavaCodeUnit code = (JavaCodeUnit) member;
        return Stream.of(
                        Stream.of(code.getReturnType()),
                        code.getParameterTypes().stream(),
                        code.getExceptionTypes().stream(),
                        code.getTypeParameters().stream())
                .flatMap(types -> types);
    }
}
