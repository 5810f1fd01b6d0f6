//! arcly-http: the registry that Campanile succeeds, behind a gateway as its documentation would have one write it. Rooms
//! are joined and left by events, and each event `m` is broadcast to its room. Its outbound queues are made longer, so that
//! nobody is evicted and misses a frame.
use arcly_http::openapi::OpenApiInfo;
use arcly_http::prelude::*;
use arcly_http::realtime::{ArclyGateway, WsClient};
use serde::Deserialize;

#[derive(Deserialize)]
struct Message {
    room: String,
    text: String,
}

#[Injectable]
pub struct Chat {}

impl ArclyGateway for Chat {}

#[Gateway("/ws")]
impl Chat {
    #[Subscribe("join")]
    async fn join(&self, client: WsClient, room: Json<String>) -> Result<(), Error> {
        client.join_room(room.0);
        client.emit("joined", "").await;
        Ok(())
    }

    #[Subscribe("leave")]
    async fn leave(&self, client: WsClient, room: Json<String>) -> Result<(), Error> {
        client.leave_room(&room.0);
        client.emit("left", "").await;
        Ok(())
    }

    #[Subscribe("m")]
    async fn message(&self, client: WsClient, message: Json<Message>) -> Result<(), Error> {
        client.broadcast_to_room(&message.0.room, "m", message.0.text).await;
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
