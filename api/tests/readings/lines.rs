//! Lines of imports that are not what they look like.

use super::files::yesterday;
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_two_records_is_refused_and_no_reading_of_it_is_lost_without_a_word() {
    let server = server().await;
    let account = server.signup("ada@example.org").await;
    let (device, at) = (server.device(&account).await, yesterday() * 1000);
    let import =
        async |file: String| server.import(&format!("device={device}"), &account, "text/csv", file).await;
    let header = "sensor_type,value,timestamp";
    let (_, report) = import(format!("{header}\nt,1,{at}\rt,2,{at}\nt,3,{at}\r\n")).await;
    let refused = json!([{"line": 2, "field": null, "message": "has a carriage return outside of quotes"}]);
    assert_eq!(report, json!({"accepted": 1, "repeated": 0, "refused": 1, "errors": refused}));
    let (status, problem) = import(format!("{header}\rt,1,{at}\rt,2,{at}\r")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    let told = "the header has a carriage return outside of quotes";
    assert_eq!(problem["detail"], told, "{problem}");
}
