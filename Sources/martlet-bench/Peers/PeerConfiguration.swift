/// The configuration files of the servers under comparison: one loop or worker each, no limits, no logs.
enum PeerConfiguration {
    static func martlet(port: Int) -> String {
        """
        {
          "host": "127.0.0.1",
          "port": \(port),
          "listener": { "event_loop_threads": 1 },
          "rate_limiter": { "enabled": false },
          "metrics": { "enabled": true, "host": "127.0.0.1", "port": \(port + 100) },
          "app_manager": {
            "driver": "memory",
            "array": {
              "apps": [
                {
                  "id": "bench", "key": "bench-key", "secret": "bench-secret", "enabled": true,
                  "policy": {
                    "limits": { "max_client_events_per_second": 0, "max_presence_members_per_channel": 20000 },
                    "features": { "enable_client_messages": true },
                    "channels": {}
                  }
                }
              ]
            }
          }
        }

        """
    }

    static func nchan(port: Int) -> String {
        """
        load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
        daemon off;
        worker_processes 1;
        worker_rlimit_nofile 20000;
        pid nginx.pid;
        error_log error.log;
        events { worker_connections 19900; multi_accept on; }
        http {
            access_log off;
            client_body_temp_path body;
            server {
                listen 127.0.0.1:\(port) backlog=4096;
                keepalive_requests 1000000000;
                keepalive_timeout 600s;
                location ~ ^/sub/(.+)$ {
                    nchan_subscriber websocket;
                    nchan_channel_id $1;
                    nchan_subscriber_first_message newest;
                }
                location ~ ^/pub/(.+)$ {
                    nchan_publisher;
                    nchan_channel_id $1;
                    nchan_store_messages off;
                }
            }
        }

        """
    }
}
