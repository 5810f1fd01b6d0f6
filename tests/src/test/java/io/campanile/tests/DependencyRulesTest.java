package io.campanile.tests;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Dependencies point towards core, and each library is known to one module. */
final class DependencyRulesTest {
    private static final String CORE = "io.campanile.core..";
    private static final String PROTOCOL = "io.campanile.protocol..";
    private static final String GATEWAY = "io.campanile.gateway..";
    private static final String APP = "io.campanile.app..";
    private static final String AUTH = "io.campanile.auth..";
    private static final String SERVER = "io.campanile.server..";
    private static final String TESTKIT = "io.campanile.testkit..";

    private static final String JDK = "java..";
    private static final String JSPECIFY = "org.jspecify..";
    private static final String JACKSON = "tools.jackson..";
    private static final String NIMBUS = "com.nimbusds..";
    private static final String NETTY = "io.netty..";

    @Test
    void coreKnowsOnlyTheJdk() {
        allows(CORE, JDK, JSPECIFY);
    }

    @Test
    void protocolKnowsCoreAndItsParser() {
        allows(PROTOCOL, CORE, JACKSON, JDK, JSPECIFY);
    }

    @Test
    void gatewayKnowsCoreProtocolAndNetty() {
        allows(GATEWAY, CORE, PROTOCOL, NETTY, JDK, "javax.net.ssl..", JSPECIFY);
    }

    @Test
    void authKnowsWhatItIsBuiltOnAndItsLibraryForTokens() {
        allows(AUTH, CORE, GATEWAY, NIMBUS, JDK, "javax.crypto..", JSPECIFY);
    }

    @Test
    void appKnowsWhatItIsBuiltOnJacksonAndJakartaValidation() {
        allows(
                APP,
                CORE,
                PROTOCOL,
                GATEWAY,
                JACKSON,
                "com.fasterxml.jackson.annotation..",
                "jakarta.validation..",
                JDK,
                JSPECIFY);
    }

    @Test
    void testkitKnowsWhatItTestsAndTheTestLibraries() {
        allows(TESTKIT, CORE, PROTOCOL, GATEWAY, APP, JDK, JSPECIFY, "org.junit.jupiter.api..", "org.assertj..");
    }

    @Test
    void serverLeavesNettyAndTheParserToOthers() {
        noClasses()
                .that()
                .resideInAPackage(SERVER)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(NETTY, JACKSON, NIMBUS, TESTKIT)
                .check(Product.CLASSES);
    }

    @Test
    void everyClassIsHeldToOneOfTheseRules() {
        assertThat(Product.CLASSES)
                .isNotEmpty()
                .extracting(type -> type.getPackageName() + ".")
                .allMatch(
                        name -> name.matches("io\\.campanile\\.(core|protocol|gateway|auth|app|server|testkit)\\..*"));
    }

    private static void allows(String module, String... others) {
        String[] allowed = new String[others.length + 1];
        allowed[0] = module;
        System.arraycopy(others, 0, allowed, 1, others.length);
        classes()
                .that()
                .resideInAPackage(module)
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(allowed)
                .allowEmptyShould(true)
                .check(Product.CLASSES);
    }
}
