using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Focus.Compat.Tests;

[TestClass]
public class LogTests
{
    [TestMethod]
    public void MessagesReachTheLogWithKindAndSource()
    {
        var ml = new MLContext();
        var messages = new List<LoggingEventArgs>();
        ml.Log += (_, message) => messages.Add(message);

        using (var channel = ((IHostEnvironment)ml).Register("Trainer").Start("Training"))
        {
            channel.Info(MessageSensitivity.None, "step {0}", 3);
            channel.Warning(MessageSensitivity.None, "braces {} stay without arguments");
        }

        var info = messages.Single(message => message.Kind == ChannelMessageKind.Info);
        Assert.AreEqual("step 3", info.RawMessage);
        Assert.AreEqual("Trainer; Training", info.Source);
        Assert.AreEqual("[Source=Trainer; Training, Kind=Info] step 3", info.Message);
        Assert.AreEqual("braces {} stay without arguments", messages.Single(message => message.Kind == ChannelMessageKind.Warning).RawMessage);
        Assert.AreEqual("Channel started", messages[0].RawMessage);
        Assert.AreEqual("Channel disposed", messages[^1].RawMessage);
        Assert.AreEqual(ChannelMessageKind.Trace, messages[0].Kind);
    }

    [TestMethod]
    public void SeedDecidesTheRandomNumbersOfHosts()
    {
        Assert.AreEqual(Draw(1), Draw(1));
        Assert.AreNotEqual(Draw(1), Draw(2));

        static int Draw(int seed) => ((IHostEnvironment)new MLContext(seed)).Register("A").Rand.Next();
    }

    [TestMethod]
    public void HostsHaveRandomNumbersOfTheirOwn()
    {
        IHostEnvironment ml = new MLContext(seed: 1);

        Assert.AreNotEqual(ml.Register("A").Rand.Next(), ml.Register("A").Rand.Next());
        Assert.AreEqual(ml.Register("A", seed: 5).Rand.Next(), ml.Register("B", seed: 5).Rand.Next());
    }
}
