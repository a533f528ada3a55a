package holdfast.outside;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cloud.netflix.eureka.server.EnableEurekaServer;

/** Netflix's Eureka server, as Spring Cloud runs it. Its options are given as arguments by src/eureka-server.ts. */
@SpringBootApplication
@EnableEurekaServer
public class Server {
  public static void main(String[] args) throws Exception {
    SpringApplication.run(Server.class, args);
    // Nobody who started it is there any more.
    while (System.in.read() >= 0) continue;
    System.exit(0);
  }
}
