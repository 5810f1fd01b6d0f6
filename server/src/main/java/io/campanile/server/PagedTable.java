package io.campanile.server;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How a list of the API is printed: as a table, page by page as they come, so that a long list needs no more memory than
 * a short one.
 *
 * @param field what the API calls the list
 * @param columns which fields of an item are shown; the last may be of any length
 * @param nothing what is said of an empty list
 */
record PagedTable(String field, List<String> columns, String nothing) {

    private static final String GAP = "  ";

    void print(ApiClient client, String path, Map<String, String> parameters, boolean json, PrintStream out) {
        if (json) {
            var comma = new Object() {
                String text = "";
            };
            out.print("{\"" + field + "\":[");
            client.pages(
                    path,
                    parameters,
                    field,
                    items -> items.forEach(item -> {
                        out.print(comma.text + Json.text(item));
                        comma.text = ",";
                    }));
            out.println("]}");
            return;
        }
        int[] widths = new int[columns.size()];
        client.pages(path, parameters, field, items -> printTable(items, widths, out));
        if (widths[0] == 0) {
            out.println(nothing);
        }
    }

    /** Prints rows, and above the first of all the header. Columns never become narrower. */
    private void printTable(List<?> items, int[] widths, PrintStream out) {
        List<List<String>> rows = new ArrayList<>();
        if (widths[0] == 0 && !items.isEmpty()) {
            rows.add(columns.stream().map(name -> name.toUpperCase(Locale.ROOT)).toList());
        }
        for (Object item : items) {
            if (!(item instanceof Map<?, ?> fields)) {
                throw ApiClient.unlike("an entry of " + field + " is not an object");
            }
            rows.add(columns.stream().map(name -> cell(fields.get(name))).toList());
        }
        for (List<String> row : rows) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], row.get(column).length());
            }
        }
        for (List<String> row : rows) {
            var line = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                String padding = " ".repeat(widths[column] - row.get(column).length());
                boolean number = columns.get(column).equals("members");
                line.append(number ? padding + row.get(column) : row.get(column) + padding)
                        .append(GAP);
            }
            out.println(line.toString().stripTrailing());
        }
    }

    private static String cell(@Nullable Object value) {
        if (value instanceof List<?> list) {
            return list.isEmpty()
                    ? "-"
                    : list.stream()
                            .map(item -> Shown.line(String.valueOf(item)))
                            .collect(Collectors.joining(", "));
        }
        return value == null ? "-" : Shown.line(value.toString());
    }
}
