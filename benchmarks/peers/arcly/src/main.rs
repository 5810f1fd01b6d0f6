//! arcly-http: the registry that Campanile succeeds, behind a gateway as its documentation would have one write it. Each
//! event is broadcast to everybody. Its outbound queues are made longer, so that nobody is evicted and misses a frame.
use arcly_http::openapi::OpenApiInfo;
use arcly_http::prelude::*;
use arcly_http::realtime::{ArclyGateway, WsClient};

#[Injectable]
pub struct Chat {}

impl ArclyGateway for Chat {}

#[Gateway("/ws")]
impl Chat {
    #[Subscribe("m")]
    async fn message(&self, client: WsClient, data: Json<String>) -> Result<(), Error> {
        client.broadcast("m", data.0).await;
        Ok(())
    }
}

#[Module(providers(Chat), gateways(Chat))]
pub struct Root;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).expect("usage: arcly PORT");
    let mut config = LaunchConfig::default();
    config.ws_outbound_buffer = 4096;
    App::launch_configured::<Root>(&format!("127.0.0.1:{port}"), OpenApiInfo::new("chat", "0"), Vec::new(), config).await
}
