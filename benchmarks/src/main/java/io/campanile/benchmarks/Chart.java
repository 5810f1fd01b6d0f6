package io.campanile.benchmarks;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Paint;
import java.awt.geom.Rectangle2D;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jfree.chart.ChartFactory;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.labels.ItemLabelAnchor;
import org.jfree.chart.labels.ItemLabelPosition;
import org.jfree.chart.labels.StandardCategoryItemLabelGenerator;
import org.jfree.chart.plot.CategoryPlot;
import org.jfree.chart.plot.PlotOrientation;
import org.jfree.chart.renderer.category.BarRenderer;
import org.jfree.chart.renderer.category.StandardBarPainter;
import org.jfree.chart.ui.RectangleInsets;
import org.jfree.chart.ui.TextAnchor;
import org.jfree.data.category.DefaultCategoryDataset;
import org.jfree.svg.SVGGraphics2D;

/**
 * One figure of all servers, as bars.
 *
 * @param title what is shown
 * @param unit of the values
 * @param bars each server's value
 */
record Chart(String title, String unit, List<Bar> bars) {
    private static final int WIDTH = 720;
    private static final int HEAD = 84;
    private static final int BAR = 26;
    private static final Color OURS = new Color(0xC2410C);
    private static final Color OTHERS = new Color(0x64748B);
    private static final Color TEXT = new Color(0x1E293B);
    private static final Color LINES = new Color(0xE2E8F0);

    /** A server's value, and whether the server is Campanile. */
    record Bar(String server, double value, boolean ours) {}

    /** Writes the chart, the least value on top, as SVG on a white ground. */
    void writeTo(Path file) throws IOException {
        int height = HEAD + BAR * bars.size();
        SVGGraphics2D svg = new SVGGraphics2D(WIDTH, height);
        chart().draw(svg, new Rectangle2D.Double(0, 0, WIDTH, height));
        Files.writeString(file, svg.getSVGElement(null, true, null, null, null));
    }

    private JFreeChart chart() {
        DefaultCategoryDataset data = new DefaultCategoryDataset();
        bars.stream().sorted(Comparator.comparingDouble(Bar::value)).forEach(bar -> {
            data.addValue(bar.value, unit, bar.server);
        });
        JFreeChart chart =
                ChartFactory.createBarChart(title, null, unit, data, PlotOrientation.HORIZONTAL, false, false, false);
        chart.setBackgroundPaint(Color.WHITE);
        chart.getTitle().setFont(new Font(Font.SANS_SERIF, Font.BOLD, 15));
        chart.getTitle().setPaint(TEXT);
        chart.setPadding(new RectangleInsets(4, 4, 4, 24));
        CategoryPlot plot = chart.getCategoryPlot();
        plot.setBackgroundPaint(Color.WHITE);
        plot.setOutlineVisible(false);
        plot.setRangeGridlinePaint(LINES);
        plot.setRangeGridlineStroke(new BasicStroke(1));
        plot.getDomainAxis().setTickLabelFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
        plot.getDomainAxis().setTickLabelPaint(TEXT);
        plot.getDomainAxis().setAxisLineVisible(false);
        NumberAxis values = (NumberAxis) plot.getRangeAxis();
        values.setLabelFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
        values.setLabelPaint(TEXT);
        values.setTickLabelPaint(TEXT);
        values.setUpperMargin(0.12);
        BarRenderer renderer = new Renderer(bars.stream()
                .filter(Bar::ours)
                .map(bar -> data.getColumnIndex(bar.server))
                .collect(Collectors.toUnmodifiableSet()));
        plot.setRenderer(renderer);
        renderer.setBarPainter(new StandardBarPainter());
        renderer.setShadowVisible(false);
        renderer.setDefaultItemLabelGenerator(new StandardCategoryItemLabelGenerator(
                "{2}", new DecimalFormat("0.00", DecimalFormatSymbols.getInstance(Locale.ROOT))));
        renderer.setDefaultItemLabelsVisible(true);
        renderer.setDefaultItemLabelPaint(TEXT);
        // Beside the bar: many are too short to have room for it.
        renderer.setDefaultPositiveItemLabelPosition(
                new ItemLabelPosition(ItemLabelAnchor.OUTSIDE3, TextAnchor.CENTER_LEFT));
        renderer.setDefaultItemLabelFont(new Font(Font.SANS_SERIF, Font.BOLD, 11));
        return chart;
    }

    /** Draws some bars in a colour of their own. */
    private static final class Renderer extends BarRenderer {
        private static final long serialVersionUID = 1;

        private final Set<Integer> ours;

        Renderer(Set<Integer> ours) {
            this.ours = ours;
        }

        @Override
        public Paint getItemPaint(int row, int column) {
            return ours.contains(column) ? OURS : OTHERS;
        }
    }
}
