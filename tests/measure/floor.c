/* The floor of a program with a window: GTK and WebKitGTK, one page without a script.
   Usage: floor plain|accelerated */
#include <gtk/gtk.h>
#include <string.h>
#include <webkit2/webkit2.h>

static const char *page =
    "<!doctype html><body style='margin:40px;font:40px sans-serif;background:#eef1f4'>"
    "<p>Nothing but a page: 0123456789</p></body>";

int main(int argc, char **argv)
{
    int is_plain = argc > 1 && strcmp(argv[1], "plain") == 0;
    gtk_init(&argc, &argv);
    GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    gtk_window_set_default_size(GTK_WINDOW(window), 1366, 768);
    GtkWidget *view = webkit_web_view_new();
    if (is_plain)
        webkit_settings_set_hardware_acceleration_policy(
            webkit_web_view_get_settings(WEBKIT_WEB_VIEW(view)),
            WEBKIT_HARDWARE_ACCELERATION_POLICY_NEVER);
    gtk_container_add(GTK_CONTAINER(window), view);
    g_signal_connect(window, "destroy", G_CALLBACK(gtk_main_quit), NULL);
    webkit_web_view_load_html(WEBKIT_WEB_VIEW(view), page, NULL);
    gtk_widget_show_all(window);
    gtk_main();
    return 0;
}
