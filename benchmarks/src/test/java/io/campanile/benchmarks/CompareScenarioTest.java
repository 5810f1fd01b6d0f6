package io.campanile.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.campanile.benchmarks.Chart.Bar;
import io.campanile.benchmarks.LoadPlan.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What servers are compared under, and how that is drawn. */
final class CompareScenarioTest {

    @Test
    void isFoundByItsName() {
        Scenario large = Scenario.named("large");

        assertThat(large.size()).isEqualTo(4_096);
        assertThat(large.stages()).containsExactly(new Stage.InFlight(1), new Stage.InFlight(8));
    }

    @Test
    void warmsUpWithMoreThanARate() {
        assertThat(Scenario.named("open-loop").warmup()).isEqualTo(new Stage.InFlight(1));
    }

    @Test
    void namesThoseThereAre() {
        assertThatThrownBy(() -> Scenario.named("huge"))
                .hasMessage(
                        "--scenarios: huge (expected: of broadcast,large,many,rooms,echo,open-loop,stalled,churn,idle)");
    }

    @Test
    void drawsTheLeastOnTopAndCampanileInAColourOfItsOwn(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("chart.svg");

        new Chart("1 in flight", "µs", List.of(new Bar("slow", 7.5, false), new Bar("Campanile", 1.25, true)))
                .writeTo(file);

        String svg = Files.readString(file);
        assertThat(svg).contains(">1.25<", ">7.50<", "rgb(194,65,12)");
        assertThat(svg.indexOf(">Campanile<")).isBetween(0, svg.indexOf(">slow<"));
    }
}
