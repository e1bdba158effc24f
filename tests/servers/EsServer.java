import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.elasticsearch.Version;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.Plugin;

/** One Elasticsearch node on loopback, from its published jars: HOME HTTP_PORT TRANSPORT_PORT [key=value ...] */
public class EsServer extends Node {
    EsServer(Environment environment, Collection<Class<? extends Plugin>> plugins) {
        super(environment, plugins, false);
    }

    // Abstract in 6.x and unknown in 7.x, hence no @Override.
    protected void registerDerivedNodeNameWithLogger(String name) { }

    /** The HTTP and _by_query plugins, under the names of 6.8 or of 7.17. */
    static List<Class<? extends Plugin>> plugins() throws Exception {
        List<Class<? extends Plugin>> found = new ArrayList<>();
        for (String name : new String[] {
                "org.elasticsearch.transport.Netty4Plugin", "org.elasticsearch.transport.netty4.Netty4Plugin",
                "org.elasticsearch.index.reindex.ReindexPlugin", "org.elasticsearch.reindex.ReindexPlugin" }) {
            try {
                found.add(Class.forName(name).asSubclass(Plugin.class));
            } catch (ClassNotFoundException otherVersion) {
                continue;
            }
        }
        return found;
    }

    public static void main(String[] args) throws Exception {
        Path home = Paths.get(args[0]).toAbsolutePath();
        Path config = home.resolve("config");
        Files.createDirectories(config);
        Settings.Builder settings = Settings.builder()
            .put("path.home", home.toString())
            .put("cluster.name", "tenantmove").put("node.name", "one")
            .put("network.host", "127.0.0.1").put("http.port", args[1])
            .put(Version.CURRENT.major < 7 ? "transport.tcp.port" : "transport.port", args[2])
            .put("http.type", "netty4").put("transport.type", "netty4")
            .put("discovery.type", "single-node")
            .put("cluster.routing.allocation.disk.threshold_enabled", false);
        for (int i = 3; i < args.length; i++) {
            String[] pair = args[i].split("=", 2);
            settings.put(pair[0], pair[1]);
        }
        EsServer node = new EsServer(new Environment(settings.build(), config), plugins());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (Exception e) {
                e.printStackTrace();
            }
        }));
        node.start();
        new CountDownLatch(1).await();
    }
}
