//! A [`Chart`] as an SVG image: calls as stacked columns, a colour a tool, and the end users who connected as a line.
//!
//! **Invariant:** the image is whole in itself, so that mails and READMEs show it as browsers do: no script, no style
//! sheet, no font of its own, nothing that is loaded. A tool's name is text in it, whatever it holds.

#[cfg(test)]
mod tests;

use std::{cmp::Reverse, io};

use plotters::{
    chart::{ChartBuilder, DualCoordChartContext},
    coord::{
        Shift,
        combinators::{BindKeyPoints as _, WithKeyPoints},
        types::{RangedCoordi32, RangedCoordi64},
    },
    drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea as _},
    element::{Circle, PathElement, Rectangle, Text},
    prelude::{Cartesian2d, SVGBackend},
    series::LineSeries,
    style::{
        Color as _, IntoFont as _, RGBColor, TextStyle, WHITE,
        text_anchor::{HPos, Pos, VPos},
    },
};
use time::OffsetDateTime;

use super::{Chart, TimeRange};
use crate::{Error, Result, time::Timestamp};

const WIDTH: i32 = 720;
const HEIGHT: i32 = 360;
/// Where the plot lies: left, top, right, bottom.
const PLOT: (i32, i32, i32, i32) = (56, 86, 446, 326);
/// Left and right end of the legend, and how far its lines are apart.
const LEGEND: (i32, i32) = (502, 704);
const LINE: i32 = 23;
/// The room for a tool's name, in halves of a small letter.
const LONGEST_NAME: usize = 42;
/// How wide a bucket is, in the plot's own measure.
const BUCKET: i32 = 100;
/// What of it is free on either side of its column.
const GAP: i32 = 14;
/// Lines of the grid above zero.
const GRID: i64 = 4;
const FAMILY: &str = "Helvetica, Arial, sans-serif";

const INK: RGBColor = RGBColor(31, 35, 40);
const FAINT: RGBColor = RGBColor(101, 109, 118);
const RULE: RGBColor = RGBColor(222, 226, 230);
/// Colours of the tools that are called most; they differ also to those who see few colours.
const COLOURS: [RGBColor; 8] = [
    RGBColor(46, 110, 187),
    RGBColor(242, 142, 43),
    RGBColor(75, 160, 98),
    RGBColor(176, 88, 160),
    RGBColor(237, 201, 72),
    RGBColor(86, 186, 205),
    RGBColor(215, 90, 86),
    RGBColor(140, 105, 85),
];
/// The colour of all other tools together.
const OTHER: RGBColor = RGBColor(186, 192, 199);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = std::result::Result<(), DrawingAreaErrorKind<io::Error>>;
type Coordinates = Cartesian2d<WithKeyPoints<RangedCoordi32>, WithKeyPoints<RangedCoordi64>>;
type Plot<'a, 'b> = DualCoordChartContext<'a, SVGBackend<'b>, Coordinates, Coordinates>;

/// What has a colour: a tool, or all tools that have none of their own.
struct Series {
    name: String,
    colour: RGBColor,
    /// Calls in each bucket.
    calls: Vec<i64>,
    total: i64,
}

impl Chart {
    /// The chart of that range as an SVG image of 720 by 360, with the eight tools that are called most and the sum of
    /// all others.
    ///
    /// # Errors
    /// `Internal` where the image cannot be drawn: a bug.
    pub fn picture(&self, range: TimeRange) -> Result<String> {
        let mut svg = String::new();
        draw(self, range, &mut svg).map_err(Error::internal)?;
        Ok(svg)
    }

    fn series(&self) -> Vec<Series> {
        let series = |name: &String| {
            let calls: Vec<i64> = self.data.iter().map(|point| point.calls.get(name).copied().unwrap_or(0)).collect();
            Series { name: shortened(name), colour: OTHER, total: sum(calls.iter().copied()), calls }
        };
        let mut all: Vec<Series> = self.tool_names.iter().map(series).collect();
        all.sort_by_key(|series| Reverse(series.total)); // those called as often stay in order of their names
        let others = all.split_off(all.len().min(COLOURS.len()));
        for (series, colour) in all.iter_mut().zip(COLOURS) {
            series.colour = colour;
        }
        if !others.is_empty() {
            let bucket = |n: usize| sum(others.iter().filter_map(|series| series.calls.get(n).copied()));
            all.push(Series {
                name: format!("other ({})", others.len()),
                colour: OTHER,
                calls: (0..self.data.len()).map(bucket).collect(),
                total: sum(others.iter().map(|series| series.total)),
            });
        }
        all
    }
}

fn draw(chart: &Chart, range: TimeRange, svg: &mut String) -> Drawn {
    let series = chart.series();
    let total = sum(series.iter().map(|series| series.total));
    let root = SVGBackend::with_string(svg, (WIDTH.unsigned_abs(), HEIGHT.unsigned_abs())).into_drawing_area();
    root.fill(&WHITE)?;
    heading(&root, chart, range, total)?;
    legend(&root, &series)?;

    let highest = (0..chart.data.len()).map(|n| sum(series.iter().filter_map(|series| series.calls.get(n).copied())));
    let people = chart.data.iter().map(|point| point.mcp_connections);
    let (calls, people) = (step(highest.max().unwrap_or(0)), step(people.max().unwrap_or(0)));
    let mut plot = axes(&root, chart, range, (calls, people))?;
    columns(&mut plot, &series)?;
    line(&mut plot, chart)?;
    if total == 0 {
        let (left, top, right, bottom) = PLOT;
        let between_lines = ((left + right) / 2, top + (bottom - top) * 3 / 8);
        root.draw(&Text::new("no tool was called", between_lines, style(14.0, &FAINT, HPos::Center)))?;
    }
    root.present()
}

/// The title, and what lies between two columns.
fn heading(root: &Area<'_>, chart: &Chart, range: TimeRange, total: i64) -> Drawn {
    let (span, column) = match range {
        TimeRange::Hour => ("the last hour", "5 minutes"),
        TimeRange::Day => ("the last 24 hours", "an hour"),
        TimeRange::Week => ("the last 7 days", "a day"),
        TimeRange::Month => ("the last 30 days", "a day"),
    };
    let calls = if total == 1 { "call" } else { "calls" };
    let title = format!("{} {calls} of tools in {span}", figure(total));
    root.draw(&Text::new(title, (16, 24), bold(17.0)))?;
    let since = chart.data.first().map_or_else(String::new, |point| point.date.in_words());
    root.draw(&Text::new(format!("{column} a column, since {since}"), (16, 46), style(12.0, &FAINT, HPos::Left)))
}

/// One line for each series, with its total, and one for the end users.
fn legend(root: &Area<'_>, series: &[Series]) -> Drawn {
    let (left, right) = LEGEND;
    let mut y = PLOT.1 + 6;
    for Series { name, colour, total, .. } in series {
        root.draw(&Rectangle::new([(left, y - 6), (left + 12, y + 6)], colour.filled()))?;
        root.draw(&Text::new(name.as_str(), (left + 19, y), style(12.0, &INK, HPos::Left)))?;
        root.draw(&Text::new(figure(*total), (right, y), style(12.0, &FAINT, HPos::Right)))?;
        y += LINE;
    }
    root.draw(&PathElement::new([(left - 2, y), (left + 14, y)], INK.stroke_width(2)))?;
    root.draw(&Circle::new((left + 6, y), 3, INK.filled()))?;
    root.draw(&Text::new("end users (right)", (left + 19, y), style(12.0, &INK, HPos::Left)))
}

/// Grid and labels. Both scales have the same lines: so many calls, or so many people, from one to the next.
fn axes<'a, 'b>(
    root: &'a Area<'b>,
    chart: &Chart,
    range: TimeRange,
    (calls, people): (i64, i64),
) -> std::result::Result<Plot<'a, 'b>, DrawingAreaErrorKind<io::Error>> {
    let (left, top, right, bottom) = PLOT;
    let every = match range {
        TimeRange::Hour => 2,
        TimeRange::Day => 3,
        TimeRange::Week => 1,
        TimeRange::Month => 5,
    };
    let starts: Vec<(i32, Timestamp)> = places().zip(chart.data.iter().map(|point| point.date)).collect();
    let width = starts.last().map_or(BUCKET, |(place, _)| place + BUCKET);
    let named: Vec<i32> = starts.iter().rev().step_by(every).map(|(place, _)| place + BUCKET / 2).collect();
    let across = || (0..width).with_key_points(named.clone());
    let up = |step: i64| (0..GRID * step).with_key_points((0..=GRID).map(|line| line * step).collect());
    let label_at = |place: &i32| {
        let start = starts.iter().find(|(start, _)| start + BUCKET / 2 == *place);
        start.map_or_else(String::new, |(_, start)| at(*start, range))
    };
    let amount = |value: &i64| figure(*value);
    let mut plot = ChartBuilder::on(root)
        .margin_top(top)
        .margin_bottom(HEIGHT - bottom - 26)
        .x_label_area_size(26)
        .y_label_area_size(left)
        .margin_right(WIDTH - right - 44)
        .right_y_label_area_size(44)
        .build_cartesian_2d(across(), up(calls))?
        .set_secondary_coord(across(), up(people));
    let label = style(11.0, &FAINT, HPos::Center);
    plot.configure_mesh()
        .disable_x_mesh()
        .bold_line_style(RULE)
        .light_line_style(WHITE.mix(0.0))
        .axis_style(RULE)
        .label_style(label.clone())
        .set_all_tick_mark_size(4)
        .x_label_formatter(&label_at)
        .y_label_formatter(&amount)
        .draw()?;
    plot.configure_secondary_axes().axis_style(RULE).label_style(label).y_label_formatter(&amount).draw()?;
    root.draw(&Text::new("calls", (left - 8, top - 14), style(11.0, &FAINT, HPos::Right)))?;
    root.draw(&Text::new("end users", (right + 8, top - 14), style(11.0, &FAINT, HPos::Left)))?;
    Ok(plot)
}

/// The calls, the tool called most at the bottom.
fn columns(plot: &mut Plot<'_, '_>, series: &[Series]) -> Drawn {
    let mut reached: Vec<i64> = vec![0; series.first().map_or(0, |series| series.calls.len())];
    for Series { colour, calls, .. } in series {
        let mut pieces = Vec::new();
        for (place, (from, calls)) in places().zip(reached.iter_mut().zip(calls)) {
            let to = from.saturating_add(*calls);
            if *calls > 0 {
                pieces.push(Rectangle::new([(place + GAP, *from), (place + BUCKET - GAP, to)], colour.filled()));
            }
            *from = to;
        }
        plot.draw_series(pieces)?;
    }
    Ok(())
}

/// The end users who connected, with an edge that keeps the line apart from columns.
fn line(plot: &mut Plot<'_, '_>, chart: &Chart) -> Drawn {
    let people = chart.data.iter().map(|point| point.mcp_connections);
    let points: Vec<(i32, i64)> = places().map(|place| place + BUCKET / 2).zip(people).collect();
    for (colour, width, size) in [(WHITE, 5, 4), (INK, 2, 3)] {
        let series = LineSeries::new(points.iter().copied(), colour.filled().stroke_width(width)).point_size(size);
        plot.draw_secondary_series(series)?;
    }
    Ok(())
}

/// Where each bucket begins.
fn places() -> impl Iterator<Item = i32> {
    (0..i32::MAX).step_by(BUCKET.unsigned_abs() as usize)
}

/// A bucket's start under its column.
fn at(start: Timestamp, range: TimeRange) -> String {
    let Ok(at) = OffsetDateTime::from_unix_timestamp(start.seconds()) else { return String::new() };
    match range {
        TimeRange::Hour | TimeRange::Day => format!("{:02}:{:02}", at.hour(), at.minute()),
        TimeRange::Week | TimeRange::Month => format!("{} {:.3}", at.day(), at.month().to_string()),
    }
}

/// The smallest round distance of grid lines that reaches as far as `most`.
fn step(most: i64) -> i64 {
    let round = (0..18).flat_map(|power| [1, 2, 3, 4, 5, 6, 8].map(|digit| digit * 10_i64.pow(power)));
    let mut round = round.skip_while(|step| step.saturating_mul(GRID) < most);
    round.next().unwrap_or(i64::MAX / GRID)
}

/// A number as short as people read it: 999, 1.2K, 12K, 1.2M.
fn figure(number: i64) -> String {
    let (mut value, mut units) = (number as f64, ["K", "M", "B", "T"].into_iter());
    let mut unit = "";
    // What would be rounded to 1000 of a unit is 1 of the next.
    while value >= if unit.is_empty() { 1000.0 } else { 999.5 } {
        let Some(next) = units.next() else { break };
        (value, unit) = (value / 1000.0, next);
    }
    let text = if unit.is_empty() || value >= 99.95 { format!("{value:.0}") } else { format!("{value:.1}") };
    format!("{}{unit}", text.strip_suffix(".0").unwrap_or(&text))
}

/// A tool's name as far as there is room. What XML has no place for, or what would turn the text around, is shown as the
/// sign of a letter that is missing.
fn shortened(name: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
    let is_lost = |c: char| c.is_control() || turns(c) || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    let mut room = LONGEST_NAME;
    let mut shown = String::new();
    for c in name.chars() {
        let width = match c {
            'm' | 'w' | 'M' | 'W' | '@' | '%' | '\u{1100}'.. => 4,
            _ if c.is_uppercase() => 3,
            _ => 2,
        };
        let Some(left) = room.checked_sub(width) else {
            shown.push('…');
            break;
        };
        room = left;
        shown.push(if is_lost(c) { '\u{fffd}' } else { c });
    }
    shown
}

fn sum(numbers: impl Iterator<Item = i64>) -> i64 {
    numbers.fold(0, i64::saturating_add)
}

fn style<'a>(size: f64, colour: &'a RGBColor, side: HPos) -> TextStyle<'a> {
    // The library takes a font's size for the height of a line.
    TextStyle::from((FAMILY, size * 1.24).into_font()).color(colour).pos(Pos::new(side, VPos::Center))
}

fn bold(size: f64) -> TextStyle<'static> {
    let font = (FAMILY, size * 1.24).into_font().style(plotters::style::FontStyle::Bold);
    TextStyle::from(font).color(&INK).pos(Pos::new(HPos::Left, VPos::Center))
}
