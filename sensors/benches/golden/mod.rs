//! Some traffic of every device, for the bench and for the laws that hold for all of them.

#![allow(dead_code, missing_docs, reason = "each user takes what it needs")]

/// A device's options, a piece of its traffic, and how many bytes a second its line carries at most.
pub struct Golden {
    pub adapter: &'static str,
    pub options: &'static str,
    pub bytes: Vec<u8>,
    pub line_bytes_per_s: f64,
}

/// A serial line has ten bits a byte.
const fn baud(bits_per_s: f64) -> f64 {
    bits_per_s / 10.0
}

pub fn all() -> Vec<Golden> {
    let golden = |adapter, options, bytes: &[u8], line_bytes_per_s| Golden {
        adapter,
        options,
        bytes: bytes.to_vec(),
        line_bytes_per_s,
    };
    vec![
        golden("nmea", r#"{"time": "utc"}"#, NMEA, baud(115_200.0)),
        golden("ubx", r#"{"time": "utc"}"#, &ubx(), baud(921_600.0)),
        golden("dwm1001_shell", "{}", DWM1001, baud(115_200.0)),
        golden("dwm1001_tlv", "{}", &dwm1001_tlv(), baud(115_200.0)),
        golden(
            "linktrack",
            r#"{"imu": true}"#,
            &linktrack(),
            baud(3_000_000.0),
        ),
        golden("pozyx", r#"{"anchor": "0x6E38"}"#, POZYX, baud(115_200.0)),
        golden(
            "witmotion",
            r#"{"yaw": "angle"}"#,
            &witmotion(),
            baud(921_600.0),
        ),
        golden("xsens", r#"{"yaw": true}"#, &xsens(), baud(921_600.0)),
        golden("imu_csv", IMU_CSV_OPTIONS, IMU_CSV, baud(921_600.0)),
        // A frame of eight bytes is at least 111 bits on the bus, and 45 characters here.
        golden("can", CAN_OPTIONS, CAN, 1e6 / 111.0 * 45.0),
        // 376 µs on the air, 2660 a second if none were ever lost.
        golden("ble", "{}", BLE, 2660.0 * 115.0),
        // A reader reports up to a thousand tags a second.
        golden("llrp", "{}", &llrp(), 1000.0 * 58.0),
        golden("wedge", "{}", b"04A2B3C4D5E6F0\r\nBAY-12\r\n", baud(9600.0)),
        golden(
            "contact",
            r#"{"portal": "dock"}"#,
            b"0\n1\n1\n",
            baud(9600.0),
        ),
        golden("line", "{}", LINE, baud(460_800.0)),
        golden("json_lines", "{}", JSON, baud(921_600.0)),
    ]
}

const NMEA: &[u8] =
    b"$GNRMC,092725.00,A,4717.11399,N,00833.91590,E,0.004,77.52,091202,,,A,V*30\r\n\
$GNVTG,77.52,T,,M,0.004,N,0.008,K,A*18\r\n\
$GNGGA,092725.00,4717.11399,N,00833.91590,E,4,08,1.01,499.6,M,48.0,M,,*40\r\n\
$GNGST,092725.00,1.8,,,,1.7,1.3,2.2*61\r\n";

const DWM1001: &[u8] =
    b"DIST,2,AN0,820C,0.00,0.00,0.00,7.24,AN1,0C25,0.00,0.00,0.00,2.55,POS,6.95,5.37,-1.97,52\r\n\
0C1F[0.00,0.00,0.00]=1.23 0D2E[5.00,0.00,2.10]=4.56 le_us=2576 est[1.10,0.52,0.30,95]\r\n";

const POZYX: &[u8] = b"4512ms, 3204mm, -81dBm\r\nPOS,0x6000,1250,-340,800\r\n\
[{\"tagId\":\"24576\",\"timestamp\":1616424015.12,\"success\":true,\"data\":{\"coordinates\":{\"x\":1250,\"y\":-340,\"z\":800}}}]\n";

const IMU_CSV_OPTIONS: &str = r#"{"columns": ["t","ax","ay","az","gx","gy","gz","mx","my","mz"], "time_unit_s": 1e-6, "time_bits": 32, "time": "device"}"#;
const IMU_CSV: &[u8] =
    b"4294960295,0.1234,-0.0321,9.8012,0.00123,-0.00045,0.12001,20.12,-1.25,-45.5\n\
4294965295,0.1244,-0.0311,9.8002,0.00124,-0.00044,0.12002,20.11,-1.26,-45.4\n";

const CAN_OPTIONS: &str = r#"{"ticks": ["Left", "Right"], "counters": ["Number"], "time": "device",
    "dbc": "VERSION \"\"\nBU_: ECU\nBO_ 291 Wheels: 8 ECU\n SG_ Left : 0|16@1+ (1,0) [0|65535] \"\" ECU\n SG_ Right : 23|16@0+ (1,0) [0|65535] \"\" ECU\n SG_ Number : 32|4@1+ (1,0) [0|15] \"\" ECU\n"}"#;
const CAN: &[u8] = b"(1436509052.249713) can0 123#3412123401000000\n\
(1436509052.249813) can0 2C4#3412123401000000\n(1436509052.259713) can0 123#3512123502000000\n";

const BLE: &[u8] = b"{\"address\":\"D0:F0:18:43:98:A1\",\"rssi_dbm\":-67,\"manufacturer\":{\"76\":\"0215E2C56DB5DFFB48D2B060D0F5A71096E0FFFF0002C5\"}}\n\
{\"address\":\"00:a0:50:00:00:01\",\"rssi_dbm\":-80,\"service\":{\"feaa\":\"00E7EDD1EBEAC04E5DEFA0170BDB87539B67\"}}\n";

const LINE: &[u8] =
    b"range,A1,3.204,-81.2,-85.0\ntdoa,A1,A2,0.52\naoa,A1,12.5,3.0\nrssi,B7,-71,-59\n\
ticks,1204,1198,s2047\n@12.345,twist,1.0,5.2\nsteering,-12.5\npassage,P3\nposition,1.5,2.5,,0.1\n";

const JSON: &[u8] = b"{\"t\": 0.5, \"range\": {\"anchor\": \"A1\", \"range_m\": 3.2}}\n\
{\"imu\": {\"gyro_radps\": [0.1, 0.2, 0.3], \"accel_mps2\": [0.1, 0.2, 9.8]}}\n";

/// Any content within a sound frame, so that what lies behind checksums and counts is reached; as it
/// is where the device has none.
pub fn sealed(adapter: &str, content: &[u8]) -> Vec<u8> {
    let first = usize::from(content.first().copied().unwrap_or_default());
    let most = |n: usize| &content[..content.len().min(n)];
    let padded = |n: usize| {
        let mut bytes = most(n).to_vec();
        bytes.resize(n, 0);
        bytes
    };
    match adapter {
        "ubx" => {
            let known = [
                (1, 0x07),
                (1, 0x36),
                (1, 0x3C),
                (1, 0x61),
                (0x10, 2),
                (5, 1),
            ];
            let (class, id) = known[first % known.len()];
            let payload = if first & 8 == 0 {
                padded(92)
            } else {
                most(92).to_vec()
            };
            ubx_message(class, id, &payload)
        }
        "linktrack" if first & 1 == 0 => summed([vec![0x55, 0x01], padded(125)].concat()),
        "linktrack" => {
            let nodes = content.len() % 4;
            let mut frame = [vec![0x55, 0x04], padded(116 + 13 * nodes)].concat();
            let length = frame.len() as u16 + 1;
            put(&mut frame, 2, &length.to_le_bytes());
            if first & 2 == 0 {
                frame[118.min(usize::from(length) - 2)] = nodes as u8;
            }
            summed(frame)
        }
        "witmotion" => summed([vec![0x55, 0x50 + (first as u8 & 15)], padded(8)].concat()),
        "xsens" => xbus(most(254)),
        "llrp" => {
            let mut message = vec![0x04, 61];
            message.extend((content.len() as u32 + 10).to_be_bytes());
            message.extend([0; 4]);
            [message, content.to_vec()].concat()
        }
        _ => content.to_vec(),
    }
}

fn put(frame: &mut [u8], at: usize, bytes: &[u8]) {
    frame[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Ends with the sum of all bytes before.
fn summed(mut frame: Vec<u8>) -> Vec<u8> {
    frame.push(frame.iter().fold(0, |sum: u8, b| sum.wrapping_add(*b)));
    frame
}

fn ubx_message(class: u8, id: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0xB5, 0x62, class, id];
    frame.extend((payload.len() as u16).to_le_bytes());
    frame.extend(payload);
    let (mut a, mut b) = (0_u8, 0_u8);
    for byte in &frame[2..] {
        a = a.wrapping_add(*byte);
        b = b.wrapping_add(a);
    }
    frame.extend([a, b]);
    frame
}

/// An epoch: solution, covariance, base line, inertial sensor and wheels, and a sentence.
fn ubx() -> Vec<u8> {
    let mut pvt = [0; 92];
    put(&mut pvt, 0, &518_400_000_u32.to_le_bytes());
    put(&mut pvt, 4, &[0xE8, 0x07, 1, 6, 0, 0, 0, 0b111]);
    put(&mut pvt, 20, &[3, 0x83, 0, 12]);
    put(&mut pvt, 24, &(-85_000_000_i32).to_le_bytes());
    put(&mut pvt, 28, &471_000_000_i32.to_le_bytes());
    put(&mut pvt, 40, &[14, 0, 0, 0, 20]);
    put(&mut pvt, 68, &[50]);
    let mut cov = [0; 64];
    put(&mut cov, 0, &518_400_000_u32.to_le_bytes());
    put(&mut cov, 5, &[1, 1]);
    for at in [16, 28, 36, 40, 52, 60] {
        put(&mut cov, at, &0.04_f32.to_le_bytes());
    }
    let mut line = [0; 64];
    line[0] = 1;
    put(&mut line, 4, &518_400_000_u32.to_le_bytes());
    put(&mut line, 24, &9_000_000_i32.to_le_bytes());
    put(&mut line, 60, &0b1_0000_0101_u32.to_le_bytes());
    let mut esf = vec![0, 0, 0, 0, 0, 0x40, 0, 0];
    for kind in [16, 17, 18, 14, 13, 5, 8, 9] {
        esf.extend([1, 2, 0, kind]);
    }
    [
        ubx_message(0x01, 0x07, &pvt),
        ubx_message(0x01, 0x36, &cov),
        ubx_message(0x01, 0x3C, &line),
        ubx_message(0x10, 0x02, &esf),
        b"$GNVTG,77.52,T,,M,0.004,N,0.008,K,A*18\r\n".to_vec(),
    ]
    .concat()
}

fn dwm1001_tlv() -> Vec<u8> {
    let mut bytes = vec![0x40, 1, 0, 0x41, 13];
    bytes.extend([10, 0, 0, 0, 20, 0, 0, 0, 30, 0, 0, 0, 95]);
    bytes.extend([0x49, 41, 2]);
    for address in [0x0C1F_u16, 0x820C] {
        bytes.extend(address.to_le_bytes());
        bytes.extend([0xD0, 4, 0, 0, 100]);
        bytes.extend([0; 13]);
    }
    bytes
}

fn linktrack() -> Vec<u8> {
    let mut node = vec![0; 119];
    put(&mut node, 0, &[0x55, 0x04, 146, 0, 2, 7]);
    node[118] = 2;
    for id in [0, 12] {
        node.extend([1, id, 0x84, 0x0C, 0, 170, 162, 0, 0, 0, 0, 0, 0]);
    }
    let mut tag = vec![0; 127];
    put(&mut tag, 0, &[0x55, 0x01, 7, 2]);
    put(&mut tag, 22, &[0x84, 0x0C, 0, 0, 0, 0, 0x10, 0x27, 0]);
    [summed(node), summed(tag)].concat()
}

fn witmotion() -> Vec<u8> {
    let frame = |kind, value: u8| {
        let mut frame = vec![0x55, kind];
        frame.extend([value, 1, value, 2, value, 3, value, 4]);
        summed(frame)
    };
    [0x51, 0x52, 0x53, 0x54]
        .map(|kind| frame(kind, kind))
        .concat()
}

fn xsens() -> Vec<u8> {
    let mut content = vec![0x10, 0x20, 2, 0, 1, 0x10, 0x60, 4, 0, 0, 0, 9];
    for (id, count) in [(0x2010_u16, 4), (0x4020, 3), (0x8020, 3), (0xC020, 3)] {
        content.extend(id.to_be_bytes());
        content.push(4 * count);
        for i in 0..count {
            content.extend((0.25 * f32::from(i)).to_be_bytes());
        }
    }
    xbus(&content)
}

fn xbus(content: &[u8]) -> Vec<u8> {
    let mut frame = vec![0xFF, 0x36, content.len() as u8];
    frame.extend(content);
    let sum = frame.iter().fold(0, |sum: u8, b| sum.wrapping_add(*b));
    frame.insert(0, 0xFA);
    frame.push(sum.wrapping_neg());
    frame
}

fn llrp() -> Vec<u8> {
    let mut bytes = vec![0x04, 62, 0, 0, 0, 10, 0, 0, 0, 7];
    bytes.extend([
        0x04, 0x3D, 0, 0, 0, 0x3A, 0, 0, 0, 0, 0, 0xF0, 0, 0x30, 0, 0xF1, 0, 0x16, 0, 0x80, 0x85,
        0x04, 0x70, 0, 0x04, 0x90, 0x50, 0x50, 0x31, 0x55, 0x30, 0x34, 0, 0x70, 0x23, 0, 0x81, 0,
        1, 0x86, 0xB7, 0x8C, 0x44, 0, 0x03, 0xFF, 0, 0x0E, 0, 0, 0x5E, 0x95, 0, 0, 0, 0x38, 0,
        0x16,
    ]);
    bytes
}
